import CascadeTestSupport
import Foundation
import Testing

@testable import CascadeEval

struct StudentTTests {
    /// From scipy 1.17: `t.ppf(.975, df)`.
    @Test(arguments: [
        (1, 12.706204736174694), (2, 4.302652729749462), (3, 3.1824463052837078), (5, 2.5705818356363146),
        (10, 2.228138851986274), (19, 2.0930240544083087), (29, 2.045229642132703), (49, 2.0095752371292392),
        (99, 1.9842169515864174), (159, 1.9749962127674756), (163, 1.974624620966361), (1000, 1.9623390808264083),
        (100_000, 1.9599877075346095),
    ])
    func quantilesAgreeWithScipy(degrees: Int, expected: Double) {
        #expect(agree(StudentT.twoSidedQuantile(level: 0.95, degrees: Double(degrees)), expected, 1e-9))
    }

    /// From scipy 1.17: `t.cdf(t, df)`.
    @Test(arguments: [
        (0.0, 3.0, 0.5), (1, 1, 0.75), (-1, 1, 0.25), (2.5, 7, 0.9795038907071235), (-3, 159, 0.0015675356041515273),
        (0.3, 40, 0.6171346416144905), (12, 2, 0.9965635331614208),
    ])
    func lawAgreesWithScipy(t: Double, degrees: Double, expected: Double) {
        #expect(agree(StudentT.cumulative(t, degrees: degrees), expected, 1e-12))
    }

    /// With two degrees of freedom the law has a closed form: 1/2 + t / (2 sqrt(2 + t^2)).
    @Test func agreesWithTheClosedForm() {
        for step in -50...50 {
            let t = Double(step) / 7
            #expect(agree(StudentT.cumulative(t, degrees: 2), 0.5 + t / (2 * (2 + t * t).squareRoot()), 1e-13))
        }
    }
}

struct MeanIntervalTests {
    /// From numpy and scipy: mean, std(ddof=1), mean +- t.ppf(.975, 6) * std / sqrt(7).
    @Test func agreesWithScipy() throws {
        let mean = try #require(MeanInterval([0.2, 0.5, 0.9, 1.4, 3.0, 7.5, 0.1]))
        #expect(mean.count == 7)
        #expect(agree(mean.mean, 1.9428571428571428) && agree(mean.standardDeviation, 2.64250962966214))
        #expect(agree(mean.low, -0.5010566530253777) && agree(mean.high, 4.386770938739663))
    }

    @Test func fewValues() throws {
        #expect(MeanInterval([]) == nil)
        let one = try #require(MeanInterval([3]))
        #expect(one.mean == 3 && one.low == -.infinity && one.high == .infinity)
        let equal = try #require(MeanInterval([2, 2, 2]))
        #expect(equal.low == 2 && equal.high == 2)
    }

    /// What the name promises: of many samples with a known mean, 95 % have it in their interval. The shares of five
    /// samples a problem, as in the benchmark; the binomial noise of 1000 trials is 0.7 %, and the law is not quite
    /// normal.
    @Test(arguments: [20, 60, 160])
    func coversTheTrueMean(count: Int) throws {
        var random = SeededGenerator(seed: UInt64(count))
        var covered = 0
        let trials = 1000
        for _ in 0..<trials {
            // A problem's chance is uniform in [0, 1), so the true mean share is 1/2.
            let shares = (0..<count).map { _ in
                let chance = Double.random(in: 0..<1, using: &random)
                return Double((0..<5).count { _ in Double.random(in: 0..<1, using: &random) < chance }) / 5
            }
            if try #require(MeanInterval(shares)).interval.contains(0.5) { covered += 1 }
        }
        #expect(abs(Double(covered) / Double(trials) - 0.95) < 0.03)
    }

    @Test func scalesAndShifts() throws {
        var random = SeededGenerator(seed: 1)
        let values = (0..<30).map { _ in Double.random(in: 0..<1, using: &random) }
        let plain = try #require(MeanInterval(values))
        let moved = try #require(MeanInterval(values.map { 5 - 2 * $0 }))
        #expect(agree(moved.low, 5 - 2 * plain.high) && agree(moved.high, 5 - 2 * plain.low))
    }
}

struct PairedDifferenceTests {
    /// From scipy 1.17: `ttest_rel(a, b).confidence_interval()`.
    @Test func agreesWithScipy() throws {
        let paired = try #require(
            PairedDifference(first: [3.1, 2.9, 4.4, 5.0, 2.2], second: [2.0, 3.0, 3.9, 4.1, 2.0])
        )
        #expect(agree(paired.mean, 0.52))
        #expect(agree(paired.low, -0.09081792314351445) && agree(paired.high, 1.130817923143515))
    }

    @Test func takesTheProblemsDifficultyOut() throws {
        var random = SeededGenerator(seed: 2)
        let difficulty = (0..<40).map { _ in Double.random(in: 0..<100, using: &random) }
        let second = difficulty.map { $0 + Double.random(in: 0..<1, using: &random) }
        let paired = try #require(PairedDifference(first: difficulty, second: second))
        #expect(paired.high < 0 && paired.high - paired.low < 0.5)
        #expect(PairedDifference(first: [], second: []) == nil)
    }
}

struct PercentileTests {
    /// From numpy: `percentile(values, q)` with the default method ("linear").
    @Test(arguments: [(0.0, 0.1), (0.1, 0.16), (0.37, 0.588), (0.5, 0.9), (0.9, 4.8), (1.0, 7.5)])
    func agreesWithNumpy(fraction: Double, expected: Double) throws {
        let value = try #require(Percentile.value([0.2, 0.5, 0.9, 1.4, 3.0, 7.5, 0.1], at: fraction))
        #expect(agree(value, expected))
    }

    @Test func medians() {
        #expect(Percentile.median([]) == nil)
        #expect(Percentile.median([4]) == 4)
        #expect(Percentile.median([4, 1]) == 2.5)
        #expect(Percentile.median([9, 1, 4]) == 4)
    }
}
