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

    /// Creates a gate row from its numbers.
    package init(maximum: Double, argmax: Token, entropy: Double, probabilities: [Double]) {
        self.maximum = maximum
        self.argmax = argmax
        self.entropy = entropy
        self.probabilities = probabilities
    }

    /// Reads the gate's numbers off a row; `draft` is the drafter's row.
    package init(_ row: Distribution, draft: Distribution) {
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
        probabilities = draft.tokens.map(row.probability(of:))
    }
}
