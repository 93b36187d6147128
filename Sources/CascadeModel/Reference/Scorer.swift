package import CascadeCore

/// What a model says of a given text, token by token.
package struct Score: Sendable {
    /// Natural logarithm of each token's probability but the first's, given those before it.
    package var nextLogProbabilities: [Double] = []
    /// The most likely next token after each token.
    package var argmax: [Token] = []
    /// Entropy of the next-token distribution after each token, in nats.
    package var entropy: [Double] = []
    /// The most likely tokens after the last one, with the logarithms of their probabilities.
    package var lastTop: [(token: Token, logProbability: Double)] = []
}

/// Scores texts with one model, without a cluster: the reference to compare with.
package struct Scorer {
    private let engine: Engine

    /// Creates a scorer on an engine.
    package init(engine: Engine) { self.engine = engine }

    /// Scores one text. `top` is the number of entries of ``Score/lastTop``.
    package func score(_ tokens: [Token], top: Int = 16) throws(ModelError) -> Score {
        let cache = engine.makeCache()
        var score = Score()
        let step = engine.options.maximumLogits
        for start in stride(from: 0, to: tokens.count, by: step) {
            let part = Array(tokens[start..<min(start + step, tokens.count)])
            try engine.forward([Segment(cache: cache, tokens: part, logits: part.count)])
            for index in part.indices {
                let row = try engine.row(segment: 0, row: index)
                score.argmax.append(row.argmax)
                score.entropy.append(row.entropy())
                let next = start + index + 1
                if next < tokens.count {
                    score.nextLogProbabilities.append(row.logProbability(of: tokens[next]))
                } else {
                    score.lastTop = row.top(top)
                }
            }
        }
        return score
    }
}
