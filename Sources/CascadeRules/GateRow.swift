package import CascadeCore

/// What a rule's gate reads of the expert's row at one position: the raw row (after penalties, bias and mask, before
/// top-k and all that follows), or the processed one where the spec says `gate processed`.
package struct GateRow: Equatable, Sendable {
    /// The largest probability.
    package var maximum: Double
    /// The token that has it, of equals the lowest id.
    package var argmax: Token
    /// Entropy in nats.
    package var entropy: Double
    /// Probability of each token in the support of the drafter's row, in that row's order.
    package var probabilities: [Double]
    /// Whether each of these tokens is among the `topN` likeliest of the gate's row; empty means none, for rules that do
    /// not ask.
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
        maximum = 0
        argmax = row.tokens[0]
        entropy = 0
        for index in row.tokens.indices {
            let probability = row.probability(at: index)
            if probability > maximum {
                maximum = probability
                argmax = row.tokens[index]
            }
            if probability > 0 { entropy -= probability * Math.log(probability) }
        }
        probabilities = draft.row.tokens.map(row.probability(of:))
        favouriteProbability = settings.rule == .bild ? row.probability(of: draft.gate.argmax) : 0
        isInTop = []
        if settings.rule == .topkDelta {
            let top = row.tokens.indices.sorted {
                let (a, b) = (row.weights[$0], row.weights[$1])
                return a > b || (a == b && $0 < $1)
            }
            let tokens = Set(top.prefix(settings.topN).map { row.tokens[$0] })
            isInTop = draft.row.tokens.map(tokens.contains)
        }
    }
}
