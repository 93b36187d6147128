internal import CascadeCore

/// Self logits evolution decoding (Zhang et al., NeurIPS 2024, arXiv 2411.02433, algorithm 1): what early exits say
/// moves the logits of the last layer.
///
/// Let C be the tokens with the largest logits of the last layer, f these logits, e_n the logits that the model's own
/// norm and head give for C behind layer n, p_n = softmax(e_n) and 1_i the distribution that has token i alone. On the
/// way from layer n to the end the logits moved by f - e_n. The gradient that would lead to token i is 1_i - p_n: the
/// better the two directions agree, the more do the layers behind n point to i.
///
///     s(n, i)   = max(0, cos(e_n - f, p_n - 1_i))^2
///     latent(i) = sum over n of s(n, i) / sum over n and j of s(n, j)
///     f'(i)     = f(i) - rate * (softmax(f)(i) - latent(i)) + c
///
/// This is the paper's average of the layers' latent distributions, each weighted by its share of all s: the shares
/// cancel. Where no direction agrees with any (all s are 0), f stays.
///
/// What is simplified: the paper takes cosines and softmaxes over the whole vocabulary, which costs a whole output head
/// for each layer; here the world is C. The paper then forbids every token outside C; here c is chosen so that the
/// tokens of C together keep their probability, and so does every token outside. The paper's temperature is 1.
enum LogitsEvolution {
    /// The logits f' of the tokens C.
    ///
    /// A pure function of its arguments, in double precision and the order of the tokens.
    /// - Parameters:
    ///   - final: f; at least one, finite.
    ///   - exits: e_n for each layer n, as long as `final`.
    static func evolved(_ final: [Float], exits: [[Float]], rate: Double) -> [Float] {
        let f = final.map(Double.init)
        var latent = [Double](repeating: 0, count: f.count)
        for exit in exits { addScores(of: exit.map(Double.init), against: f, to: &latent) }
        let all = latent.reduce(0, +)
        guard all > 0 else { return final }
        let (probabilities, before) = softmax(f)
        let moved = f.indices.map { f[$0] - rate * (probabilities[$0] - latent[$0] / all) }
        let shift = before - softmax(moved).logSum
        return moved.map { Float($0 + shift) }
    }

    /// Adds s(n, i) of one layer.
    private static func addScores(of exit: [Double], against final: [Double], to scores: inout [Double]) {
        let (p, _) = softmax(exit)
        let difference = zip(exit, final).map { $0 - $1 }
        let mean = zip(p, difference).reduce(0) { $0 + $1.0 * $1.1 }
        let squares = difference.reduce(0) { $0 + $1 * $1 }
        let mass = p.reduce(0) { $0 + $1 * $1 }
        for index in scores.indices {
            // The product (e - f) . (p - 1_i), and the squares of both lengths.
            let dot = mean - difference[index]
            let lengths = squares * (mass - 2 * p[index] + 1)
            guard dot > 0, lengths > 0 else { continue }
            scores[index] += min(1, dot * dot / lengths)
        }
    }

    /// The softmax, and the logarithm of its denominator.
    private static func softmax(_ logits: [Double]) -> (probabilities: [Double], logSum: Double) {
        let largest = logits.reduce(-.infinity, max)
        let terms = logits.map { Math.exp($0 - largest) }
        let total = terms.reduce(0, +)
        return (terms.map { $0 / total }, largest + Math.log(total))
    }
}
