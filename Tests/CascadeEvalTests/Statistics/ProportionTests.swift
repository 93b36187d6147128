import Foundation
import Testing

@testable import CascadeEval

struct WilsonIntervalTests {
    /// From scipy 1.17: `binomtest(k, n).proportion_ci(method="wilson")`.
    @Test(arguments: [
        (0, 1, 0.0, 0.7934506856227626),
        (1, 1, 0.20654931437723745, 1.0),
        (0, 20, 0.0, 0.16112515805281935),
        (20, 20, 0.8388748419471808, 1.0),
        (7, 20, 0.1811918241010821, 0.5671457233147637),
        (1, 10, 0.017876213095072896, 0.4041500267952385),
        (82, 164, 0.42435704738802893, 0.5756429526119711),
        (100, 164, 0.5334033189423291, 0.6810848072509672),
        (163, 164, 0.9662737492602964, 0.9989228186095374),
        (164, 164, 0.9771125748805725, 1.0),
        (5000, 10000, 0.49020206181540477, 0.5097979381845952),
    ])
    func agreesWithScipy(successes: Int, trials: Int, low: Double, high: Double) {
        let wilson = WilsonInterval(successes: successes, trials: trials)
        #expect(agree(wilson.low, low) && agree(wilson.high, high))
        #expect(wilson.proportion == Double(successes) / Double(trials))
    }

    /// The ends are the probabilities p at which the score statistic (share - p) / sqrt(p (1 - p) / n) is +-z.
    @Test func endsSolveTheScoreEquation() {
        for trials in [3, 20, 77, 164] {
            for successes in 1..<trials {
                let wilson = WilsonInterval(successes: successes, trials: trials)
                for end in [wilson.low, wilson.high] {
                    let score = (wilson.proportion - end) / (end * (1 - end) / Double(trials)).squareRoot()
                    #expect(agree(abs(score), 1.959963984540054, 1e-9))
                }
                let mirrored = WilsonInterval(successes: trials - successes, trials: trials)
                #expect(agree(mirrored.low, 1 - wilson.high) && agree(mirrored.high, 1 - wilson.low))
            }
        }
    }

    @Test func noTrialsSayNothing() {
        let wilson = WilsonInterval(successes: 0, trials: 0)
        #expect(wilson.interval == ConfidenceInterval(low: 0, high: 1) && wilson.proportion.isNaN)
    }
}

struct McNemarTestTests {
    /// From Python: `min(1, 2 * sum(Fraction(comb(n, k), 2**n) for k in range(min(b, c) + 1)))`, n = b + c.
    @Test(arguments: [
        (0, 0, 1.0), (0, 1, 1.0), (1, 0, 1.0), (5, 5, 1.0), (1, 9, 0.021484375), (10, 2, 0.03857421875),
        (0, 10, 0.001953125), (30, 12, 0.007915897334896727), (200, 150, 0.008720036530555949),
        (500, 400, 0.0009564441369189461), (1000, 0, 1.8665272370064378e-301), (700, 701, 1.0),
    ])
    func agreesWithExactFractions(onlyFirst: Int, onlySecond: Int, expected: Double) {
        let pValue = McNemarTest(onlyFirst: onlyFirst, onlySecond: onlySecond).pValue
        #expect(abs(pValue / expected - 1) < 1e-10)
        #expect(McNemarTest(onlyFirst: onlySecond, onlySecond: onlyFirst).pValue == pValue)
    }

    @Test func moreThanADoubleCanSayIsZero() {
        #expect(McNemarTest(onlyFirst: 0, onlySecond: 1200).pValue == 0)
    }

    /// Every way n fair coins can fall, counted: the p-value is the share at least as uneven as what was seen.
    @Test func agreesWithEnumeration() {
        for total in 1...12 {
            for heads in 0...total {
                let asUneven = (0..<(1 << total)).count {
                    abs(2 * $0.nonzeroBitCount - total) >= abs(2 * heads - total)
                }
                let pValue = McNemarTest(onlyFirst: heads, onlySecond: total - heads).pValue
                #expect(agree(pValue, Double(asUneven) / Double(1 << total)))
            }
        }
    }

    @Test func countsDiscordantPairs() {
        let test = McNemarTest(
            first: [true, true, false, false, true, false],
            second: [true, false, true, false, false, false]
        )
        #expect(test.onlyFirst == 2 && test.onlySecond == 1 && test.pValue == 1)
    }
}

struct PassRateTests {
    /// From scipy: mean and `t.ppf(.975, 7) * std(ddof=1) / sqrt(8)` of the shares.
    @Test func isOverProblems() throws {
        let problems = [[4, 4], [2, 4], [1, 4], [0, 4], [4, 4], [4, 4], [3, 4], [2, 4]].map { counts in
            (0..<counts[1]).map { $0 < counts[0] }
        }
        let rate = try #require(PassRate(problems))
        #expect(rate.shares == [1, 0.5, 0.25, 0, 1, 1, 0.75, 0.5])
        #expect(rate.mean == 0.625)
        #expect(agree(rate.interval.low, 0.3090137929315378) && agree(rate.interval.high, 0.9409862070684623))
    }

    /// Ten samples that agree within each problem say no more than one of them.
    @Test func repeatedSamplesDoNotNarrow() throws {
        let passed = (0..<20).map { $0 < 7 }
        let once = try #require(PassRate(passed.map { [$0] }))
        let often = try #require(PassRate(passed.map { [Bool](repeating: $0, count: 10) }))
        #expect(once == often)
        #expect(once.interval == WilsonInterval(successes: 7, trials: 20).interval)
    }

    @Test func staysWithinZeroAndOne() throws {
        let rate = try #require(PassRate([[true], [true], [true], [true, false]]))
        #expect(rate.interval.high == 1 && rate.interval.low < rate.mean)
        #expect(PassRate([]) == nil)
    }
}
