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
    private func stuck() throws -> Harness {
        var harness = Harness()
        harness.join(ToyNode("expert", .expert), costs: Self.costs)
        harness.mute("expert")
        harness.submit(harness.submission())
        _ = try #require(harness.heldVerify("expert"))
        return harness
    }

    private func say(_ name: String, pending: UInt32, stuck: UInt64, _ harness: inout Harness) {
        let index = harness.nodes.lastIndex { $0.hello.identity.name == name }!
        harness.nodes[index].pending = pending
        harness.nodes[index].stuckMilliseconds = stuck
    }

    /// A request that its expert knows nothing of.
    @Test func aRoundThatNobodyWorksOnIsNamedWithinSeconds() throws {
        var harness = try stuck()
        harness.answerPings(of: "expert", milliseconds: 4_500, progressing: false)
        #expect(word(&harness) == nil)
        harness.answerPings(of: "expert", milliseconds: 3_000, progressing: false)
        let stall = try #require(word(&harness))
        #expect(stall.milliseconds > 5_000 && stall.milliseconds < 8_500)
        #expect(stall.note.contains("1 job pending") && stall.note.contains("expert has 1 request"), "\(stall.note)")
        harness.unmute("expert")
        harness.settle()
        #expect(word(&harness) == nil, "the job is done")
    }

    @Test func beingBusyIsNoStall() throws {
        var harness = try stuck()
        harness.answerPings(of: "expert", milliseconds: 60_000, progressing: true)
        #expect(word(&harness) == nil)
    }

    /// The expert says that it works; how long its passes may take is its own affair, until it says that it is stuck.
    @Test func aLongPassIsNoStallUntilItsNodeSaysSo() throws {
        var harness = try stuck()
        say("expert", pending: 1, stuck: 0, &harness)
        harness.answerPings(of: "expert", milliseconds: 25_000, progressing: false)
        #expect(word(&harness) == nil)
        say("expert", pending: 1, stuck: 26_000, &harness)
        harness.answerPings(of: "expert", milliseconds: 2_000, progressing: false)
        let stall = try #require(word(&harness))
        #expect(stall.milliseconds == 26_000)
        #expect(stall.note.contains("1 job waits for expert, whose engine has ended no pass for 26 s"), "\(stall.note)")
        say("expert", pending: 1, stuck: 0, &harness)
        harness.answerPings(of: "expert", milliseconds: 2_000, progressing: true)
        #expect(word(&harness) == nil)
    }

    /// What another expert does for other jobs does not excuse the one that nobody else can take.
    @Test func othersThatGetOnDoNotHideAJobThatDoesNot() throws {
        var harness = Harness()
        harness.join(ToyNode("large", .expert, contextLength: 512), costs: Self.costs)
        harness.mute("large")
        harness.submit(harness.submission(String(repeating: "abc", count: 60), maxTokens: 5))
        _ = try #require(harness.heldVerify("large"))
        harness.join(ToyNode("small", .expert, contextLength: 128), costs: Self.costs)
        say("large", pending: 1, stuck: 7_000, &harness)
        for _ in 0..<8 {
            harness.submit(harness.submission("short", maxTokens: 5))
            harness.answerPings(of: "small", milliseconds: 1_000, progressing: true)
        }
        #expect(harness.machine.transitions[.jobReachedLength] == 8)
        #expect(try #require(word(&harness)).note.contains("for large"))
    }

    /// A stuck expert whose rounds others are asked for holds nobody up, and gets nothing new.
    @Test func aStuckExpertIsLeftAlone() throws {
        var harness = Harness()
        harness.join(ToyNode("first", .expert), costs: Self.costs)
        harness.join(ToyNode("second", .expert), costs: Self.costs)
        harness.mute("first")
        let submitted = harness.submit(harness.submission(maxTokens: 5))
        _ = try #require(submitted)
        say("first", pending: 1, stuck: 0, &harness)
        harness.answerPings(of: "first", milliseconds: 2_000, progressing: false)
        #expect(harness.machine.transitions[.jobReachedLength] == 1, "the other one was asked as well")
        // It lost that round, and is not preferred although it has nothing to do.
        say("first", pending: 1, stuck: 6_000, &harness)
        harness.answerPings(of: "first", milliseconds: 6_000, progressing: false)
        let hedged = harness.machine.transitions[.roundHedged]
        for index in 0..<6 { harness.submit(harness.submission("job \(index)", maxTokens: 5)) }
        harness.settle()
        #expect(harness.machine.transitions[.jobReachedLength] == 7)
        #expect(harness.machine.transitions[.roundHedged] == hedged)
        #expect(word(&harness) == nil)
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
        harness.answerPings(of: "expert", milliseconds: 560_000)
        #expect(word(&harness) != nil, "nothing takes so long to load")
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
