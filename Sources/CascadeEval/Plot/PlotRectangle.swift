/// A rectangle in the picture, in pixels; y grows downwards.
struct PlotRectangle: Sendable, Equatable {
    var left: Double
    var top: Double
    var right: Double
    var bottom: Double

    var width: Double { right - left }
    var height: Double { bottom - top }

    func contains(_ other: PlotRectangle) -> Bool {
        left <= other.left && other.right <= right && top <= other.top && other.bottom <= bottom
    }

    /// The area of what both cover.
    func overlap(_ other: PlotRectangle) -> Double {
        let width = min(right, other.right) - max(left, other.left)
        let height = min(bottom, other.bottom) - max(top, other.top)
        return width > 0 && height > 0 ? width * height : 0
    }

    /// The length of the part of a segment that lies inside.
    ///
    /// Source: Y.-D. Liang and B. A. Barsky, "A new concept and method for line clipping", ACM Transactions on Graphics
    /// 3 (1984).
    func length(of segment: PlotSegment) -> Double {
        let (dx, dy) = (segment.x2 - segment.x1, segment.y2 - segment.y1)
        var (from, to) = (0.0, 1.0)
        let edges = [
            (-dx, segment.x1 - left), (dx, right - segment.x1), (-dy, segment.y1 - top), (dy, bottom - segment.y1),
        ]
        for (direction, distance) in edges {
            if direction == 0 {
                if distance < 0 { return 0 }
            } else if direction < 0 {
                from = max(from, distance / direction)
            } else {
                to = min(to, distance / direction)
            }
        }
        return from < to ? (to - from) * (dx * dx + dy * dy).squareRoot() : 0
    }
}
