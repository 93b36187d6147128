/// The 95 % score interval of a binomial proportion.
///
/// Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the
/// American Statistical Association 22 (1927). Unlike the normal interval it keeps its coverage near 0 and 1 and stays
/// within them.
package struct WilsonInterval: Sendable, Equatable {
    /// The 97.5 % quantile of the standard normal distribution.
    static let z = 1.959963984540054

    /// The share of successes; not a number without trials.
    package let proportion: Double
    /// The range of the underlying probability.
    package let interval: ConfidenceInterval

    /// The lower end of the range.
    package var low: Double { interval.low }
    /// The upper end of the range.
    package var high: Double { interval.high }

    /// Creates the interval of `successes` out of `trials` independent trials. No trials say nothing: 0 to 1.
    package init(successes: Int, trials: Int) {
        precondition(successes >= 0 && successes <= trials, "successes must lie between 0 and trials")
        guard trials > 0 else {
            proportion = .nan
            interval = ConfidenceInterval(low: 0, high: 1)
            return
        }
        let (n, z2) = (Double(trials), Self.z * Self.z)
        let share = Double(successes) / n
        let centre = (share + z2 / (2 * n)) / (1 + z2 / n)
        let halfWidth = Self.z / (1 + z2 / n) * (share * (1 - share) / n + z2 / (4 * n * n)).squareRoot()
        proportion = share
        // At the edges centre and half width cancel to exactly 0 or 1, up to rounding.
        interval = ConfidenceInterval(
            low: successes == 0 ? 0 : max(0, centre - halfWidth),
            high: successes == trials ? 1 : min(1, centre + halfWidth)
        )
    }
}
