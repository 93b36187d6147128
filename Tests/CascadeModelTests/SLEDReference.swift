import Foundation

/// SLED as the paper writes it down, on the tokens given: vectors, cosines, a latent distribution for each layer and
/// their weighted average. What ``LogitsEvolution``'s shorter form is held against.
enum SLEDReference {
    static func evolved(_ final: [Float], exits: [[Float]], rate: Double) -> [Double] {
        let f = final.map(Double.init)
        // max(0, cos)^2 for each layer and token.
        let scores = exits.map { exit -> [Double] in
            let p = softmax(exit.map(Double.init))
            let direction = zip(exit, f).map { Double($0) - $1 }
            return f.indices.map { token in
                let gradient = p.indices.map { p[$0] - ($0 == token ? 1 : 0) }
                let lengths = dot(direction, direction).squareRoot() * dot(gradient, gradient).squareRoot()
                let cosine = dot(direction, gradient) / lengths
                return cosine > 0 ? cosine * cosine : 0
            }
        }
        let sums = scores.map { $0.reduce(0, +) }
        let all = sums.reduce(0, +)
        guard all > 0 else { return f }
        var latent = [Double](repeating: 0, count: f.count)
        for (layer, sum) in zip(scores, sums) where sum > 0 {
            for token in f.indices { latent[token] += sum / all * (layer[token] / sum) }
        }
        let p = softmax(f)
        let moved = f.indices.map { f[$0] - rate * (p[$0] - latent[$0]) }
        // The tokens together stay as likely as they were.
        let shift = log(f.map { exp($0) }.reduce(0, +)) - log(moved.map { exp($0) }.reduce(0, +))
        return moved.map { $0 + shift }
    }

    private static func softmax(_ x: [Double]) -> [Double] {
        let terms = x.map { exp($0 - (x.max() ?? 0)) }
        return terms.map { $0 / terms.reduce(0, +) }
    }

    private static func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
}
