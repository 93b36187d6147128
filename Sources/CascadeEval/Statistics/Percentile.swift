/// Order statistics of a sample.
package enum Percentile {
    /// The value below which the share `fraction` (0 to 1) of `values` lies, linearly interpolated between neighbours
    /// in order; nil if there are none.
    ///
    /// Source: definition 7 of R. J. Hyndman and Y. Fan, "Sample quantiles in statistical packages", The American
    /// Statistician 50 (1996), which is also numpy's default.
    package static func value(_ values: [Double], at fraction: Double) -> Double? {
        precondition((0...1).contains(fraction), "a percentile's fraction lies between 0 and 1")
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        let position = fraction * Double(sorted.count - 1)
        let below = Int(position)
        guard below + 1 < sorted.count else { return sorted[below] }
        let weight = position - Double(below)
        return sorted[below] * (1 - weight) + sorted[below + 1] * weight
    }

    /// The middle value, or the mean of the two in the middle; nil if there are none.
    package static func median(_ values: [Double]) -> Double? { value(values, at: 0.5) }
}
