/// What a rule's gate reads of the drafter at one position: of its raw row, or of the row that is sampled from where
/// the spec says `gate processed`. Numbers that the rule does not read are 0.
package struct DraftGate: Equatable, Sendable {
    /// The drafter's largest probability; 0 where no model made the row (a lookup).
    package var maximum: Double
    /// The token that has it, of equals the lowest id.
    package var argmax: Token
    /// Probability of the drafted token.
    package var probability: Double
    /// Entropy in nats.
    package var entropy: Double

    /// Creates a gate from its numbers.
    package init(maximum: Double, argmax: Token = 0, probability: Double = 0, entropy: Double = 0) {
        self.maximum = maximum
        self.argmax = argmax
        self.probability = probability
        self.entropy = entropy
    }

    /// Reads the gate's numbers off a row from which `token` was drawn, as far as the rule needs them.
    package init(_ row: Distribution, token: Token, settings: RuleSettings) {
        self.init(
            maximum: row.largestProbability,
            argmax: settings.wants(.favourite) ? row.argmax : 0,
            probability: settings.wants(.q) ? row.probability(of: token) : 0,
            entropy: settings.wants(.entropyQ) ? row.entropy : 0
        )
    }

    /// No model made the row.
    package static let lookup = DraftGate(maximum: 0)
}
