internal import Foundation

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
