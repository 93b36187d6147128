package import CascadeCore

/// A row from dense weights.
package func row(_ weights: [Double]) -> Distribution {
    let tokens = weights.indices.filter { weights[$0] > 0 }.map(Token.init)
    guard let row = Distribution(tokens: tokens, weights: tokens.map { Float(weights[Int($0)]) }) else {
        preconditionFailure("no row: \(weights)")
    }
    return row
}

/// Dense probabilities of a row.
package func dense(_ row: Distribution, count: Int) -> [Double] {
    (0..<Token(count)).map(row.probability(of:))
}

/// Entropy of dense probabilities in nats.
package func entropy(_ row: [Double]) -> Double {
    -row.reduce(0) { $0 + ($1 > 0 ? $1 * Math.log($1) : 0) }
}

/// The sums of a law up to each entry, between 0 and 1: the borders of its inverse distribution function.
package func cumulated(_ law: [Double]) -> [Double] {
    law.indices.map { law[...$0].reduce(0, +) }.filter { $0 > 1e-12 && $0 < 1 - 1e-12 }
}

/// Total variation distance of two laws.
package func distance(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + abs($1.0 - $1.1) } / 2
}

/// Total variation distance of two laws of texts.
package func distance(_ a: [[Token]: Double], _ b: [[Token]: Double]) -> Double {
    Set(a.keys).union(b.keys).reduce(0) { $0 + abs((a[$1] ?? 0) - (b[$1] ?? 0)) } / 2
}
