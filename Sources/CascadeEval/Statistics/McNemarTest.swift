internal import Foundation

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
