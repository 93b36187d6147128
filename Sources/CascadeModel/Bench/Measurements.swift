/// Measurements of one thing, ascending.
package struct Measurements: Equatable, Sendable {
    /// The measurements.
    package let values: [Double]

    /// Takes at least one measurement, in any order.
    package init(_ values: [Double]) {
        precondition(!values.isEmpty, "no measurement")
        self.values = values.sorted()
    }

    /// The least one.
    package var least: Double { values[0] }

    /// The largest one.
    package var largest: Double { values[values.count - 1] }

    /// The middle one, or the mean of the two in the middle.
    package var median: Double {
        let middle = values.count / 2
        return values.count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2
    }
}
