/// The mean difference of two rules on the same problems with its 95 % interval: Student's t over the differences.
///
/// Pairing takes the problems' own difficulty out of the comparison, so the interval is narrower than that of two
/// separate means. Source: "Student", Biometrika 6 (1908), whose example is paired.
package struct PairedDifference: Sendable, Equatable {
    /// The mean of first - second and its range, in the values' unit.
    package let difference: MeanInterval

    /// The mean of first - second.
    package var mean: Double { difference.mean }
    /// The lower end of the range.
    package var low: Double { difference.low }
    /// The upper end of the range.
    package var high: Double { difference.high }

    /// Creates the difference of the means of `first` and `second`, one value a problem, in the same order; nil if
    /// empty.
    package init?(first: [Double], second: [Double]) {
        precondition(first.count == second.count, "paired values must come from the same problems")
        guard let difference = MeanInterval(zip(first, second).map { $0 - $1 }) else { return nil }
        self.difference = difference
    }
}
