import Testing

@testable import CascadeWorker

struct RowPlanTests {
    private static func plan(_ feeds: [(Int, Int)], budget: Int, prompts: Int = .max) -> [[Int]] {
        let feeds = feeds.map { RowPlan.Feed(count: $0.0, wanted: $0.1) }
        return RowPlan.rows(of: feeds, budget: budget) { _ in prompts }.map { [$0.index, $0.count] }
    }

    @Test func aLongPromptDoesNotKeepOthersWaiting() {
        // A prompt of 1,000 tokens is older than two sequences that decode: they come first, it gets the rest.
        #expect(Self.plan([(1_000, 1), (1, 1), (5, 5)], budget: 64) == [[0, 58], [1, 1], [2, 5]])
    }

    @Test func manySequencesDoNotKeepAPromptWaiting() {
        let plan = Self.plan([(1_000, 1)] + Array(repeating: (5, 5), count: 40), budget: 64)
        // A quarter of the rows is the prompt's, however many wait.
        #expect(plan.first == [0, 19])
        #expect(plan.count == 10)
        #expect(plan.map { $0[1] }.reduce(0, +) == 64)
    }

    @Test func oldestFirst() {
        #expect(Self.plan([(4, 4), (4, 4), (4, 4)], budget: 8) == [[0, 4], [1, 4]])
        #expect(Self.plan([(100, 1), (100, 1)], budget: 64) == [[0, 64]])
        #expect(Self.plan([(20, 1), (100, 1)], budget: 64) == [[0, 20], [1, 44]])
    }

    /// Of the prompts, who has least left comes first; a quarter of what they get is the oldest one's.
    @Test func aShortPromptDoesNotWaitForALongOne() {
        #expect(Self.plan([(6_000, 1), (30, 1)], budget: 64) == [[0, 34], [1, 30]])
        #expect(Self.plan([(6_000, 1), (30, 1)], budget: 64, prompts: 12) == [[0, 3], [1, 9]])
        #expect(Self.plan([(6_000, 1), (300, 1), (30, 1)], budget: 64, prompts: 48) == [[0, 12], [1, 6], [2, 30]])
        // The oldest has least left as well.
        #expect(Self.plan([(20, 1), (30, 1)], budget: 64, prompts: 16) == [[0, 16]])
    }

    /// What prompts may have limits them alone.
    @Test func theBoundIsThePrompts() {
        #expect(Self.plan([(6_000, 1), (1, 1), (5, 5)], budget: 64, prompts: 12) == [[0, 12], [1, 1], [2, 5]])
        #expect(Self.plan([(6_000, 1)], budget: 64, prompts: 0) == [[0, 1]], "a prompt always moves")
    }

    /// Short prompts come without end: the long one is read all the same, in as many passes as a quarter of their rows
    /// takes, and so is the one behind it.
    @Test func noPromptStarves() {
        var (old, next, passes) = (1_000, 600, 0)
        while next > 0, passes < 1_000 {
            let feeds = (old > 0 ? [old] : []) + [next] + Array(repeating: 40, count: 3)
            for row in Self.plan(feeds.map { ($0, 1) }, budget: 64, prompts: 32) {
                if old > 0, row[0] == 0 { old -= row[1] } else if row[0] == (old > 0 ? 1 : 0) { next -= row[1] }
            }
            passes += 1
            if passes == 1_000 / 8 { #expect(old <= 8) }
        }
        #expect(passes <= 1_600 / 8 + 2)
    }

    /// Whatever waits: nothing is split where logits are wanted, the budget holds, something is fed, and the oldest
    /// short one is always among it.
    @Test func whateverWaits() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            let budget = Int.random(in: 40...128, using: &random)
            let feeds = (0..<Int.random(in: 1...40, using: &random)).map { _ in
                let wanted = Int.random(in: 1...33, using: &random)
                let extra = Bool.random(using: &random) ? 0 : Int.random(in: 0...400, using: &random)
                return RowPlan.Feed(count: wanted + extra, wanted: wanted)
            }
            let most = Int.random(in: 1...80, using: &random)
            var others = 0
            let plan = RowPlan.rows(of: feeds, budget: budget) {
                others = $0
                return most
            }
            #expect(!plan.isEmpty)
            #expect(plan.reduce(0) { $0 + $1.count } <= budget)
            let prompts = plan.filter { feeds[$0.index].isLong }
            #expect(prompts.reduce(0) { $0 + $1.count } <= most)
            #expect(others <= budget - prompts.reduce(0) { $0 + $1.count })
            for (index, count) in plan {
                let feed = feeds[index]
                #expect(count == feed.count || (count > 0 && count <= feed.count - feed.wanted))
            }
            #expect(plan.map(\.index) == plan.map(\.index).sorted())
            if let oldest = feeds.firstIndex(where: { !$0.isLong }) {
                #expect(plan.contains { $0.index == oldest })
            }
            if let prompt = feeds.firstIndex(where: \.isLong), feeds.map(\.wanted).max() ?? 0 < budget {
                let rows = plan.first { $0.index == prompt }?.count ?? 0
                #expect(rows > 0)
                // The oldest has its quarter of what prompts get, or all that can be fed of it now.
                let all = prompts.reduce(0) { $0 + $1.count }
                #expect(4 * rows >= all || rows >= feeds[prompt].count - feeds[prompt].wanted)
            }
        }
    }
}
