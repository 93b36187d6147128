/// A range that covers the unknown true value in 95 % of repetitions, two-sided.
package struct ConfidenceInterval: Sendable, Equatable {
    /// The probability that the range covers the true value.
    package static let level = 0.95

    /// The lower end, in the unit of the estimated quantity.
    package let low: Double
    /// The upper end, in the unit of the estimated quantity.
    package let high: Double

    /// Creates the range from `low` to `high`.
    package init(low: Double, high: Double) {
        precondition(low <= high, "an interval's low end is above its high end")
        self.low = low
        self.high = high
    }

    /// Whether `value` lies in the range, ends included.
    package func contains(_ value: Double) -> Bool { low <= value && value <= high }

    /// The part of the range between `bounds`: for quantities that cannot lie beyond them.
    package func clamped(to bounds: ClosedRange<Double>) -> ConfidenceInterval {
        ConfidenceInterval(
            low: min(max(low, bounds.lowerBound), bounds.upperBound),
            high: min(max(high, bounds.lowerBound), bounds.upperBound)
        )
    }
}
