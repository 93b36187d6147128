internal import Foundation

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

/// Student's t distribution ("Student", Biometrika 6, 1908).
enum StudentT {
    /// P[T <= t] with `degrees` degrees of freedom.
    ///
    /// Source: NIST Digital Library of Mathematical Functions 8.17: the tail beyond |t| on one side is
    /// I_x(degrees / 2, 1/2) / 2 with x = degrees / (degrees + t^2).
    static func cumulative(_ t: Double, degrees: Double) -> Double {
        let tail = regularizedBeta(degrees / (degrees + t * t), a: degrees / 2, b: 0.5) / 2
        return t > 0 ? 1 - tail : tail
    }

    /// The t with P[|T| <= t] = `level`: how many standard errors a two-sided interval reaches to either side.
    static func twoSidedQuantile(level: Double, degrees: Double) -> Double {
        let wanted = (1 + level) / 2
        var (low, high) = (0.0, 2.0)
        while cumulative(high, degrees: degrees) < wanted { high *= 2 }
        // Bisection to the last bit: a few dozen evaluations, once an interval.
        while true {
            let middle = (low + high) / 2
            guard middle > low, middle < high else { return middle }
            if cumulative(middle, degrees: degrees) < wanted { low = middle } else { high = middle }
        }
    }

    /// The regularized incomplete beta function I_x(a, b).
    private static func regularizedBeta(_ x: Double, a: Double, b: Double) -> Double {
        guard x > 0 else { return 0 }
        guard x < 1 else { return 1 }
        let logFront = lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)
        // The fraction converges fast below this point; the symmetry (DLMF 8.17.4) brings the rest there.
        return x <= (a + 1) / (a + b + 2)
            ? exp(logFront) * betaFraction(x, a: a, b: b) / a
            : 1 - exp(logFront) * betaFraction(1 - x, a: b, b: a) / b
    }

    /// The continued fraction of DLMF 8.17.22 by Lentz's method in Thompson and Barnett's form (DLMF 3.10(iii)).
    private static func betaFraction(_ x: Double, a: Double, b: Double) -> Double {
        let tiny = 1e-300
        func nonzero(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
        var numerator = 1.0
        var denominator = 1 / nonzero(1 - (a + b) * x / (a + 1))
        var result = denominator
        for step in 1...500 {
            let m = Double(step)
            let coefficients = [
                m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
            ]
            var change = 1.0
            for coefficient in coefficients {
                denominator = 1 / nonzero(1 + coefficient * denominator)
                numerator = nonzero(1 + coefficient / numerator)
                change = numerator * denominator
                result *= change
            }
            if abs(change - 1) < 1e-15 { break }
        }
        return result
    }
}

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
