internal import Foundation

/// Puts short texts beside points so that they cover little of each other and of what else is drawn.
///
/// Every label has places around its point at several distances. Labels choose the cheapest in turn, several times
/// over, as each choice depends on the others' (local search; see J. Christensen, J. Marks and S. Shieber, "An
/// empirical study of algorithms for point-feature label placement", ACM Transactions on Graphics 14, 1995).
struct LabelPlacer: Sendable {
    /// A label that wants a place.
    struct Label: Sendable {
        /// The point, in pixels.
        let x: Double
        let y: Double
        /// The text's size, in pixels.
        let width: Double
        let height: Double
    }

    private static let distances = [8.0, 16, 28, 42, 60]
    private static let directions = 12
    private static let sweeps = 4

    /// Where labels may be.
    let frame: PlotRectangle
    /// The marks of all points.
    let marks: [PlotRectangle]
    /// Error bars and the lines between points.
    let lines: [PlotSegment]

    /// The places of `labels`, in their order.
    func places(_ labels: [Label]) -> [PlotRectangle] {
        let choices = labels.map { label in
            candidates(label).map { (rectangle: $0.rectangle, cost: $0.cost + fixedCost($0.rectangle)) }
        }
        var chosen = [PlotRectangle?](repeating: nil, count: labels.count)
        for _ in 0..<Self.sweeps {
            for index in labels.indices {
                var best = (rectangle: chosen[index], cost: Double.infinity)
                for choice in choices[index] {
                    var cost = choice.cost
                    for other in labels.indices where other != index {
                        if let rectangle = chosen[other] { cost += 2 * choice.rectangle.overlap(rectangle) }
                    }
                    if cost < best.cost { best = (choice.rectangle, cost) }
                }
                chosen[index] = best.rectangle
            }
        }
        return chosen.compactMap { $0 }
    }

    /// The places around a point, each with what its distance costs.
    private func candidates(_ label: Label) -> [(rectangle: PlotRectangle, cost: Double)] {
        var candidates: [(PlotRectangle, Double)] = []
        for distance in Self.distances {
            for direction in 0..<Self.directions {
                let angle = 2 * Double.pi * Double(direction) / Double(Self.directions)
                let (right, up) = (cos(angle), sin(angle))
                // The label's nearest edge or corner lies at the distance.
                let centreX = label.x + right * (distance + label.width / 2)
                let centreY = label.y - up * (distance + label.height / 2)
                let rectangle = PlotRectangle(
                    left: centreX - label.width / 2,
                    top: centreY - label.height / 2,
                    right: centreX + label.width / 2,
                    bottom: centreY + label.height / 2
                )
                // Up and to the right is where readers look first.
                let habit = 2 - right - 0.5 * up
                candidates.append((rectangle, distance + 2 * habit))
            }
        }
        return candidates
    }

    private func fixedCost(_ rectangle: PlotRectangle) -> Double {
        var cost = frame.contains(rectangle) ? 0 : 10_000.0
        for mark in marks { cost += 2 * rectangle.overlap(mark) }
        for line in lines { cost += 1.5 * rectangle.length(of: line) }
        return cost
    }
}

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

/// A straight line in the picture, in pixels.
struct PlotSegment: Sendable, Equatable {
    var x1: Double
    var y1: Double
    var x2: Double
    var y2: Double
}
