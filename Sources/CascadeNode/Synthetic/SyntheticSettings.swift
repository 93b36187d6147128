package import CascadeCore

/// What a synthetic node is told: it makes its answers up and takes its time, so that the service around it can be
/// measured without models.
package struct SyntheticSettings: Equatable, Sendable {
    /// Probability with which the rule `lossless` accepts a drafted token that it comes to. All nodes of a pool must
    /// have the same.
    package var acceptance: Double
    /// Milliseconds of a pass by its number of rows, rows ascending; empty takes no time.
    package var costs: [CostPoint]

    /// Creates settings.
    package init(acceptance: Double, costs: [CostPoint] = []) {
        self.acceptance = acceptance
        self.costs = costs
    }

    /// What is wrong with the settings, in words for the user; nil when they are sound.
    package var problem: String? {
        guard (0...1).contains(acceptance) else { return "the acceptance must be 0 to 1, not \(acceptance)" }
        var rows: UInt32 = 0
        for point in costs {
            guard point.rows > rows else { return "rows must be positive and ascend" }
            guard (0...60_000).contains(point.milliseconds) else { return "a pass may take 0 to 60000 ms" }
            rows = point.rows
        }
        return nil
    }

    /// What people see in place of a model.
    var modelName: String { "synthetic, acceptance \(acceptance)" }
}
