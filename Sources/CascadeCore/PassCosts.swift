/// A node's cost curve: milliseconds of one pass as a function of its number of rows, from measured points.
///
/// A pass never gets cheaper by more rows, and whatever disturbs a measurement makes it longer. So a point that lies
/// above a later one is cut to it. No pass takes no time: corrections could not make anything else of it. Between
/// points the curve is straight; it goes on behind the last as between the last two, and is flat before the first, or
/// where there is only one.
package struct PassCosts: Equatable, Sendable {
    /// Rows ascending, milliseconds not falling.
    private var points: [CostPoint]

    /// The least milliseconds of a pass.
    private static let least = 0.001

    /// Creates a curve from points with rows ascending; nil where nothing was measured.
    package init?(_ measured: [CostPoint]) {
        guard !measured.isEmpty else { return nil }
        var points = measured
        for index in points.indices { points[index].milliseconds = max(points[index].milliseconds, Self.least) }
        for index in points.indices.dropLast().reversed() {
            points[index].milliseconds = min(points[index].milliseconds, points[index + 1].milliseconds)
        }
        self.points = points
    }

    /// While a prompt is read, a node's passes take as many of its tokens as fit into what so many passes of one token
    /// take, where its operator says nothing else.
    package static let passesBetweenTokens = 4.0

    /// What passes take while a prompt is read in them beside the rows that they are asked about.
    package var withPrompt: PassCosts {
        var filled = self
        let least = Self.passesBetweenTokens * points[0].milliseconds
        for index in points.indices { filled.points[index].milliseconds = max(points[index].milliseconds, least) }
        return filled
    }

    /// The curve of passes that take `factor` times as long.
    package func scaled(by factor: Double) -> PassCosts {
        var scaled = self
        for index in scaled.points.indices { scaled.points[index].milliseconds *= factor }
        return scaled
    }

    /// Milliseconds that `rows` rows take at most, in as many passes as it may need: as long a row as in the largest
    /// pass that was measured. O(points).
    package func most(rows: Int) -> Double {
        let last = points[points.count - 1]
        return max(milliseconds(rows: rows), last.milliseconds * Double(rows) / Double(last.rows))
    }

    /// Milliseconds of a pass with `rows` rows. O(points).
    package func milliseconds(rows: Int) -> Double {
        let rows = Double(max(rows, 1))
        let next = points.firstIndex { Double($0.rows) >= rows } ?? points.count - 1
        guard next > 0, Double(points[0].rows) < rows else { return points[0].milliseconds }
        let (left, right) = (points[next - 1], points[next])
        let slope = (right.milliseconds - left.milliseconds) / Double(right.rows - left.rows)
        return left.milliseconds + slope * (rows - Double(left.rows))
    }
}
