internal import Foundation

/// pass@1 of a benchmark: the mean over problems of the share of a problem's samples that pass, with its 95 % interval.
///
/// Source of the estimate: Chen et al., "Evaluating large language models trained on code" (2021), section 2.1, k = 1.
/// The problems are the independent units, not the samples: samples of one problem stand or fall together, so the
/// interval is over the problems' shares. If every share is 0 or 1 (one sample a problem, or a deterministic rule) it
/// is Wilson's over problems, which keeps its width at 0 and 1; else Student's t over the shares, cut to [0, 1].
package struct PassRate: Sendable, Equatable {
    /// Each problem's share of passing samples, in [0, 1].
    package let shares: [Double]
    /// The mean share, in [0, 1].
    package let mean: Double
    /// The range of the true mean.
    package let interval: ConfidenceInterval

    /// Creates the rate from each problem's samples (whether they passed); nil without problems.
    ///
    /// Every problem must have at least one sample.
    package init?(_ problems: [[Bool]]) {
        precondition(problems.allSatisfy { !$0.isEmpty }, "every problem needs a sample")
        let shares = problems.map { samples in Double(samples.count { $0 }) / Double(samples.count) }
        guard let mean = MeanInterval(shares) else { return nil }
        self.shares = shares
        self.mean = mean.mean
        if shares.allSatisfy({ $0 == 0 || $0 == 1 }) {
            interval = WilsonInterval(successes: shares.count { $0 == 1 }, trials: shares.count).interval
        } else {
            interval = mean.interval.clamped(to: 0...1)
        }
    }
}

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

/// The exact McNemar test: do two rules that answered the same problems pass equally many?
///
/// Only problems that exactly one of them passed bear on it; under the null hypothesis each of those is a fair coin
/// toss. Source: Q. McNemar, Psychometrika 12 (1947), in its exact binomial form: p = min(1, 2 P[X <= min(b, c)]) for X
/// ~ Binomial(b + c, 1/2).
package struct McNemarTest: Sendable, Equatable {
    /// Problems that only the first rule passed ("b").
    package let onlyFirst: Int
    /// Problems that only the second rule passed ("c").
    package let onlySecond: Int
    /// The two-sided p-value, in (0, 1]; 0 only below the smallest number there is.
    package let pValue: Double

    /// Creates the test of the discordant counts.
    package init(onlyFirst: Int, onlySecond: Int) {
        precondition(onlyFirst >= 0 && onlySecond >= 0, "counts cannot be negative")
        self.onlyFirst = onlyFirst
        self.onlySecond = onlySecond
        pValue = Self.twoSided(fewer: min(onlyFirst, onlySecond), total: onlyFirst + onlySecond)
    }

    /// Creates the test of two rules' results on the same problems, in the same order.
    package init(first: [Bool], second: [Bool]) {
        precondition(first.count == second.count, "both rules must have answered the same problems")
        let pairs = zip(first, second)
        self.init(
            onlyFirst: pairs.count { $0 && !$1 },
            onlySecond: pairs.count { !$0 && $1 }
        )
    }

    private static func twoSided(fewer: Int, total: Int) -> Double {
        guard fewer * 2 < total else { return 1 }
        // The largest term, C(total, fewer) / 2^total, in logarithms: the coefficient itself overflows from about 1030
        // on.
        var logLargest = -Double(total) * log(2)
        for index in 0..<fewer {
            logLargest += log(Double(total - index) / Double(index + 1))
        }
        // The smaller terms, relative to the largest: C(n, k - 1) / C(n, k) = k / (n - k + 1).
        var (term, sum) = (1.0, 1.0)
        for successes in stride(from: fewer, to: 0, by: -1) {
            term *= Double(successes) / Double(total - successes + 1)
            sum += term
        }
        return min(1, 2 * exp(logLargest) * sum)
    }
}

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
