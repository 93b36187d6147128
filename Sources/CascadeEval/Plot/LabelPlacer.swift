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
