package import CascadeCore

/// What a rule's gate reads of the expert's row at one position: the raw row (temperature 1, before top-k and all
/// that follows), or the processed one where the spec says `gate processed`.
package struct GateRow: Equatable, Sendable {
    /// The largest probability.
    package var maximum: Double
    /// The token that has it, of equals the lowest id.
    package var argmax: Token
    /// Entropy in nats; 0 for rules that do not ask.
    package var entropy: Double
    /// Probability of each token in the support of the drafter's row, in that row's order.
    package var probabilities: [Double]
    /// Whether each of these tokens is among the `topN` likeliest of the gate's row; empty means none, for rules that
    /// do not ask.
    package var isInTop: [Bool]
    /// Probability of the token that the drafter finds likeliest; 0 for rules that do not ask.
    package var favouriteProbability: Double

    /// Creates a gate row from its numbers.
    package init(
        maximum: Double,
        argmax: Token,
        entropy: Double,
        probabilities: [Double],
        isInTop: [Bool] = [],
        favouriteProbability: Double = 0
    ) {
        self.maximum = maximum
        self.argmax = argmax
        self.entropy = entropy
        self.probabilities = probabilities
        self.isInTop = isInTop
        self.favouriteProbability = favouriteProbability
    }

    /// Reads the gate's numbers off a row, as far as the rule needs them; `draft` is the drafted position.
    package init(_ row: Distribution, draft: DraftedPosition, settings: RuleSettings) {
        self.init(
            maximum: row.largestProbability,
            argmax: row.argmax,
            entropy: settings.wants(.entropyP) ? row.entropy : 0,
            probabilities: draft.row.tokens.map(row.probability(of:)),
            isInTop: settings.wants(.top) ? Self.areInTop(settings.topN, of: row, draft.row.tokens) : [],
            favouriteProbability: settings.wants(.favourite) ? row.probability(of: draft.gate.argmax) : 0
        )
    }

    /// Whether each token has fewer than `limit` better ones in the row: likelier, or as likely with a lower id.
    private static func areInTop(_ limit: Int, of row: Distribution, _ tokens: [Token]) -> [Bool] {
        tokens.map { token in
            guard let own = row.index(of: token) else { return false }
            let weight = row.weights[own]
            var better = 0
            for index in row.weights.indices
            where row.weights[index] > weight || (row.weights[index] == weight && index < own) {
                better += 1
                if better >= limit { return false }
            }
            return true
        }
    }
}
