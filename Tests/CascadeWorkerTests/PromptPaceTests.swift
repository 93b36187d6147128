import CascadeCore
import Testing

@testable import CascadeWorker

/// How much of a prompt a pass takes.
struct PromptPaceTests {
    /// Ten milliseconds a row, and ten for the pass.
    private static let costs = [CostPoint(rows: 1, milliseconds: 20), CostPoint(rows: 16, milliseconds: 170)]

    private static func rows(
        _ pace: PromptPace = PromptPace(costs: costs),
        beside others: Int = 0,
        isShared: Bool = true,
        upTo limit: Int = 512
    ) -> Int {
        pace.promptRows(beside: others, isShared: isShared, upTo: limit)
    }

    @Test func aPassTakesWhatFitsIntoTheBound() {
        // Four passes of one token are 80 ms.
        #expect(Self.rows() == 7)
        #expect(Self.rows(beside: 3) == 4)
        #expect(Self.rows(isShared: false) == 31, "four times the bound while nobody decodes")
        #expect(Self.rows(isShared: false, upTo: 16) == 16)
        let given = PromptPace(costs: Self.costs, maxInterTokenMilliseconds: 150)
        #expect(Self.rows(given) == 14 && Self.rows(given, beside: 1) == 13)
    }

    /// Those that decode fill the bound by themselves: a third of the pass is the prompts'.
    @Test func promptsHaveAPartOfEveryPass() {
        #expect(Self.rows(beside: 15) == 8)
        #expect(Self.rows(PromptPace(costs: Self.costs, maxInterTokenMilliseconds: 1)) == 2)
        #expect(Self.rows(PromptPace(costs: Self.costs, maxInterTokenMilliseconds: 1), beside: 1) == 1)
    }

    @Test func withoutACurveNothingIsLimited() {
        #expect(Self.rows(PromptPace(), upTo: 64) == 64)
        #expect(Self.rows(PromptPace(maxInterTokenMilliseconds: 1), upTo: 64) == 64)
    }

    /// Passes far into a prompt take twice as long as the curve says: half as many rows fit.
    @Test func whatPassesTakeIsLearnt() {
        var pace = PromptPace(costs: Self.costs)
        for _ in 0..<60 { pace.note(rows: 7, hasPrompts: true, milliseconds: 160) }
        #expect(Self.rows(pace) == 3)
        // The machine is slower, also for passes of one token: the bound is four of those.
        for _ in 0..<60 { pace.note(rows: 1, hasPrompts: false, milliseconds: 40) }
        #expect(Self.rows(pace) == 7 || Self.rows(pace) == 6)
        var given = PromptPace(costs: Self.costs, maxInterTokenMilliseconds: 80)
        for _ in 0..<60 { given.note(rows: 7, hasPrompts: true, milliseconds: 160) }
        for _ in 0..<60 { given.note(rows: 1, hasPrompts: false, milliseconds: 40) }
        #expect(Self.rows(given) == 3, "a bound in milliseconds stays")
        for _ in 0..<60 { given.note(rows: 7, hasPrompts: true, milliseconds: .infinity) }
        #expect(Self.rows(given) == 3)
    }

    /// Whatever the curve: at least one row, at most the limit, no more than fits unless others fill the pass, and
    /// more room or a looser bound never give fewer.
    @Test func whateverTheCurve() {
        var random = SplitMix64(seed: 41)
        for _ in 0..<500 {
            var milliseconds = 0.0
            let points = [1, 2, 4, 8, 16].map { rows in
                milliseconds += Double.random(in: 0...40, using: &random)
                return CostPoint(rows: UInt32(rows), milliseconds: milliseconds)
            }
            let bound = Double.random(in: 1...400, using: &random)
            let others = Int.random(in: 0...20, using: &random)
            let pace = PromptPace(costs: points, maxInterTokenMilliseconds: bound)
            let rows = Self.rows(pace, beside: others, upTo: 64)
            #expect((1...64).contains(rows))
            let curve = PassCosts(points)!
            let most = max(bound, 1.5 * curve.milliseconds(rows: max(others, 1)))
            #expect(rows == 1 || curve.milliseconds(rows: others + rows) <= most * (1 + 1e-9))
            #expect(rows <= Self.rows(pace, beside: others, isShared: false, upTo: 64))
            let looser = PromptPace(costs: points, maxInterTokenMilliseconds: 2 * bound)
            #expect(rows <= Self.rows(looser, beside: others, upTo: 64))
        }
    }
}
