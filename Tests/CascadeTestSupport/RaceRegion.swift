package import CascadeCore

/// What is known of the exponential numbers of one race after some rows have raced with them: a part of all their
/// possible values, with its exact probability.
///
/// Who wins a row depends on the ratios of the numbers alone, and numbers scaled to the sum 1 are uniform on a simplex.
/// That v wins against u, E_v / row(v) < E_u / row(u), cuts the simplex by a plane. So what is known is always a union
/// of simplices, and cutting one along an edge divides its volume as the cut divides the edge: probabilities are exact
/// for any number of rows, up to the rounding of single operations.
package struct RaceRegion: Sendable {
    private struct Simplex {
        var corners: [SIMD4<Double>]
        /// Its share of the probability of everything.
        var share: Double
    }

    /// What is smaller is rounding.
    private static let tolerance = 1e-13

    private var simplices: [Simplex]

    /// Nothing is known of the numbers of tokens 0 to 3.
    package init() {
        let corners = (0..<4).map { corner in
            var point = SIMD4<Double>()
            point[corner] = 1
            return point
        }
        simplices = [Simplex(corners: corners, share: 1)]
    }

    /// The probability of the region.
    package var share: Double { simplices.reduce(0) { $0 + $1.share } }

    /// The part where the entry at `index` wins `row`.
    package func won(by index: Int, in row: Distribution) -> RaceRegion {
        var part = self
        let winner = Int(row.tokens[index])
        for other in row.tokens.indices where other != index {
            let loser = Int(row.tokens[other])
            let (own, its) = (row.probability(at: index), row.probability(at: other))
            part.simplices = part.simplices.flatMap { simplex in
                Self.cut(simplex) { $0[loser] * own - $0[winner] * its }
            }
        }
        return part
    }

    /// The parts of a simplex where `height` is not negative.
    private static func cut(_ simplex: Simplex, _ height: (SIMD4<Double>) -> Double) -> [Simplex] {
        let heights = simplex.corners.map(height)
        guard let below = heights.firstIndex(where: { $0 < -tolerance }) else { return [simplex] }
        guard let above = heights.firstIndex(where: { $0 > tolerance }) else { return [] }
        let weight = heights[above] / (heights[above] - heights[below])
        let middle = simplex.corners[above] * (1 - weight) + simplex.corners[below] * weight
        var (upper, lower) = (simplex, simplex)
        upper.corners[below] = middle
        upper.share *= weight
        lower.corners[above] = middle
        lower.share *= 1 - weight
        return cut(upper, height) + cut(lower, height)
    }
}
