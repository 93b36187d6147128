import CascadeCore
import Testing

@testable import CascadeCoordinator

/// The coordinator's word on its health: no within seconds when jobs are pending and get nowhere, never while they do.
struct StallTests {
    private static let costs = [CostPoint(rows: 1, milliseconds: 10), CostPoint(rows: 16, milliseconds: 40)]

    private func word(_ harness: inout Harness) -> ClusterStatus.Stall? {
        let asker = PeerID(Array("asker".utf8))
        harness.feed(.statusRequest(StatusRequest(requestID: 1)), from: asker)
        guard case .clusterStatus(let status) = harness.messages(asker).last else { return nil }
        return status.stall
    }

    /// A job whose round is at an expert that does not answer.
    private func stuck(costs: [CostPoint] = costs) throws -> Harness {
        var harness = Harness()
        harness.join(ToyNode("expert", .expert), costs: costs)
        harness.mute("expert")
        harness.submit(harness.submission())
        _ = try #require(harness.heldVerify("expert"))
        return harness
    }

    @Test func anEngineThatEndsNoPassIsNamedWithinSeconds() throws {
        var harness = try stuck()
        harness.answerPings(of: "expert", milliseconds: 4_500, progressing: false)
        #expect(word(&harness) == nil)
        harness.answerPings(of: "expert", milliseconds: 3_000, progressing: false)
        let stall = try #require(word(&harness))
        #expect(stall.milliseconds > 5_000 && stall.milliseconds < 8_500)
        #expect(stall.note.contains("1 job pending") && stall.note.contains("expert has 1 requests"), "\(stall.note)")
        harness.unmute("expert")
        harness.settle()
        #expect(word(&harness) == nil, "the job is done")
    }

    @Test func beingBusyIsNoStall() throws {
        var harness = try stuck()
        harness.answerPings(of: "expert", milliseconds: 60_000, progressing: true)
        #expect(word(&harness) == nil)
    }

    /// A pass of 64 rows takes eight seconds by the expert's own measure.
    @Test func slowPassesAreNoStall() throws {
        let slow = [CostPoint(rows: 1, milliseconds: 500), CostPoint(rows: 16, milliseconds: 2_000)]
        var harness = try stuck(costs: slow)
        harness.answerPings(of: "expert", milliseconds: 20_000, progressing: false)
        #expect(word(&harness) == nil)
        harness.answerPings(of: "expert", milliseconds: 20_000, progressing: false)
        #expect(word(&harness) != nil)
    }

    @Test func loadingIsNoStallAndNobodyThereIsOne() throws {
        var harness = Harness()
        harness.submit(harness.submission())
        harness.wait(milliseconds: 4_000)
        #expect(word(&harness) == nil)
        harness.wait(milliseconds: 4_000)
        #expect(try #require(word(&harness)).note.contains("waiting for an expert in pool default"))
        let expert = ToyNode("expert", .expert)
        harness.nodes = [expert]
        harness.feed(.hello(expert.hello), from: expert.peer)
        harness.wait(milliseconds: 60_000)
        #expect(word(&harness) == nil, "it loads")
        harness.join(expert, costs: Self.costs)
        harness.settle()
        #expect(word(&harness) == nil)
    }

    @Test func anIdleClusterIsWell() {
        var harness = Harness.pair()
        harness.submit(harness.submission())
        harness.settle()
        harness.wait(milliseconds: 60_000)
        #expect(word(&harness) == nil)
        harness.submit(harness.submission())
        #expect(word(&harness) == nil, "the clock of an earlier job does not count")
    }
}
