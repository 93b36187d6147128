import Testing

@testable import CascadeWorker

struct RowPlanTests {
    private static func plan(_ feeds: [(Int, Int)], budget: Int) -> [[Int]] {
        RowPlan.rows(of: feeds.map { RowPlan.Feed(count: $0.0, wanted: $0.1) }, budget: budget).map {
            [$0.index, $0.count]
        }
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
            let plan = RowPlan.rows(of: feeds, budget: budget)
            #expect(!plan.isEmpty)
            #expect(plan.reduce(0) { $0 + $1.count } <= budget)
            for (index, count) in plan {
                let feed = feeds[index]
                #expect(count == feed.count || (count > 0 && count <= feed.count - feed.wanted))
            }
            #expect(plan.map(\.index) == plan.map(\.index).sorted())
            if let oldest = feeds.firstIndex(where: { !$0.isLong }) {
                #expect(plan.contains { $0.index == oldest })
            }
            if let prompt = feeds.firstIndex(where: \.isLong), feeds.map(\.wanted).max() ?? 0 < budget {
                #expect(plan.contains { $0.index == prompt })
            }
        }
    }
}
