/// The mean of independent values with its 95 % interval by Student's t.
///
/// Source: "Student", "The probable error of a mean", Biometrika 6 (1908): mean +- t(n - 1) s / sqrt(n) with the sample
/// standard deviation s (divisor n - 1).
///
/// Why t and no bootstrap: for 20 to 160 values the mean of shares or of latencies is close enough to normal, while the
/// percentile bootstrap is too narrow at the lower end (it lacks the factor sqrt(n / (n - 1)) and t's wider tails; see
/// T. Hesterberg, "What teachers should know about the bootstrap", The American Statistician 69, 2015) and would bring
/// a seed into the result. Where the values are only 0 and 1 use ``WilsonInterval``: at all 0 or all 1 this one has no
/// width.
package struct MeanInterval: Sendable, Equatable {
    /// How many values there are.
    package let count: Int
    /// The arithmetic mean, in the values' unit.
    package let mean: Double
    /// The sample standard deviation, in the values' unit; 0 for one value.
    package let standardDeviation: Double
    /// The range of the true mean; everything for one value, which says nothing of the spread.
    package let interval: ConfidenceInterval

    /// The lower end of the range.
    package var low: Double { interval.low }
    /// The upper end of the range.
    package var high: Double { interval.high }

    /// Creates the interval of `values`; nil if there are none.
    package init?(_ values: [Double]) {
        guard !values.isEmpty else { return nil }
        let n = Double(values.count)
        let mean = values.reduce(0, +) / n
        count = values.count
        self.mean = mean
        guard values.count > 1 else {
            standardDeviation = 0
            interval = ConfidenceInterval(low: -.infinity, high: .infinity)
            return
        }
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        standardDeviation = (squares / (n - 1)).squareRoot()
        let t = StudentT.twoSidedQuantile(level: ConfidenceInterval.level, degrees: n - 1)
        let reach = t * standardDeviation / n.squareRoot()
        interval = ConfidenceInterval(low: mean - reach, high: mean + reach)
    }
}
