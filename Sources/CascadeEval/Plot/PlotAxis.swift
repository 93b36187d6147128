/// What an axis shows.
package struct PlotAxis: Sendable, Equatable {
    /// The quantity, such as `Mean latency`.
    package let label: String
    /// The unit of its numbers, such as `s`; nil for pure numbers.
    package let unit: String?
    /// Whether 0 must be on the axis, so that lengths can be compared.
    package let hasZero: Bool

    /// Creates an axis.
    package init(label: String, unit: String? = nil, hasZero: Bool = false) {
        self.label = label
        self.unit = unit
        self.hasZero = hasZero
    }

    /// What stands beside the axis.
    var text: String { unit.map { "\(label) (\($0))" } ?? label }
}
