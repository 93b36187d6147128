import CascadeCore
import Testing

@testable import CascadeCoordinator

/// Slow experts: their late work goes to others beside them, new sequences go elsewhere, old ones leave where it pays.
struct HedgingTests {
    private static let fast = [CostPoint(rows: 1, milliseconds: 20), CostPoint(rows: 16, milliseconds: 40)]
    private static let slow = [CostPoint(rows: 1, milliseconds: 400), CostPoint(rows: 16, milliseconds: 800)]

    private static func plain() -> CoordinatorLimits {
        var limits = CoordinatorLimits()
        limits.draftLength = .fixed(0)
        return limits
    }

    /// Two equal experts; the first holds the round of a job that has just begun.
    private func stuck() throws -> (Harness, JobID, Verify) {
        var harness = Harness(limits: Self.plain())
        harness.join(ToyNode("first", .expert), costs: Self.fast)
        harness.mute("first")
        let submitted = harness.submit(harness.submission(maxTokens: 5))
        let job = try #require(submitted)
        harness.settle()
        harness.join(ToyNode("second", .expert), costs: Self.fast)
        let verify = try #require(harness.heldVerify("first"))
        return (harness, job, verify)
    }

    @Test func aLateRoundIsAskedOfAnotherExpertToo() throws {
        var (harness, job, verify) = try stuck()
        let first = harness.node("first")
        harness.mute("second")
        harness.answerPings(of: "first", milliseconds: 300, progressing: true)
        #expect(harness.heldVerify("second") == nil)
        harness.answerPings(of: "first", milliseconds: 1_300, progressing: true)
        let hedge = try #require(harness.heldVerify("second"))
        #expect(hedge.fence.round == verify.fence.round)
        #expect(hedge.draft == verify.draft)
        #expect(harness.machine.transitions[.roundHedged] == 1)
        #expect(harness.machine.transitions[.requestExpired] == 0)
        // The first answer counts, whoever gives it; the other one changes nothing.
        harness.unmute("second")
        harness.settle()
        #expect(harness.report(job)?.tokens.count == 5)
        #expect(harness.machine.transitions[.expertChanged] == 1)
        let stale = harness.machine.transitions[.replyStale]
        harness.feed(.verified(Verified(fence: verify.fence, evidence: [], bonus: 9)), from: first.peer)
        #expect(harness.machine.transitions[.replyStale] == stale + 1)
    }

    /// Who was asked first and lost is left alone for a moment, although it has nothing to do.
    @Test func theLoserGetsNothingNewForAWhile() throws {
        var (harness, _, _) = try stuck()
        harness.answerPings(of: "first", milliseconds: 700, progressing: true)
        #expect(harness.machine.transitions[.jobReachedLength] == 1)
        let hedged = harness.machine.transitions[.roundHedged]
        harness.held = []
        harness.submit(harness.submission(maxTokens: 5))
        #expect(harness.heldVerify("first") == nil)
        harness.settle()
        #expect(harness.machine.transitions[.jobReachedLength] == 2)
        #expect(harness.machine.transitions[.roundHedged] == hedged)
    }

    /// Two experts that stand still: attempts take twice as long each time, hedged or not.
    @Test func hedgesDoNotUseUpTheAttempts() throws {
        var (harness, _, _) = try stuck()
        harness.mute("second")
        harness.answerPings(of: "first", milliseconds: 60_000, progressing: false)
        // Nobody listens any more after so long; the job is there.
        #expect(harness.machine.transitions[.jobFailed] == 0)
        harness.unmute("first")
        harness.unmute("second")
        harness.answerPings(of: "first", milliseconds: 100_000, progressing: false)
        #expect(harness.machine.transitions[.jobReachedLength] == 1)
    }

    /// A prompt takes its time, and asking another expert to read it as well would only take more.
    @Test func aLongPromptIsNotLate() throws {
        var harness = Harness(limits: Self.plain())
        harness.join(ToyNode("first", .expert, contextLength: 2_048), costs: Self.fast)
        harness.join(ToyNode("second", .expert, contextLength: 2_048), costs: Self.fast)
        for name in ["first", "second"] { harness.mute(name) }
        // 900 tokens at 4/3 ms each on top of 40.
        harness.submit(harness.submission(String(repeating: "abc", count: 300), maxTokens: 5))
        harness.answerPings(of: "first", milliseconds: 4_000, progressing: true)
        #expect(harness.machine.transitions[.roundHedged] == 0)
        harness.answerPings(of: "first", milliseconds: 2_500, progressing: true)
        #expect(harness.machine.transitions[.roundHedged] == 1)
    }

    @Test func aSlowExpertGetsLess() {
        var limits = Self.plain()
        limits.hedgeMilliseconds = 60_000
        var harness = Harness(limits: limits)
        harness.join(ToyNode("slow", .expert), credits: 32, costs: [CostPoint(rows: 1, milliseconds: 60)])
        harness.join(ToyNode("fast", .expert), credits: 32, costs: [CostPoint(rows: 1, milliseconds: 20)])
        for name in ["slow", "fast"] { harness.mute(name) }
        for index in 0..<16 { harness.submit(harness.submission("job \(index)", maxTokens: 5)) }
        let counts = ["slow", "fast"].map { name in
            harness.held.count { $0.to == harness.node(name).peer && $0.message.isVerify }
        }
        #expect(counts == [4, 12])
    }

    /// An expert becomes twenty times slower than it was: what its answers say makes its sequences leave.
    @Test func sequencesLeaveAnExpertThatBecameSlow() throws {
        var harness = Harness(limits: Self.plain())
        harness.join(ToyNode("first", .expert), costs: Self.fast)
        harness.mute("first")
        let submitted = harness.submit(harness.submission(maxTokens: 200))
        let job = try #require(submitted)
        harness.join(ToyNode("second", .expert), costs: Self.fast)
        let first = harness.node("first")
        for _ in 0..<20 {
            guard let verify = harness.heldVerify("first") else { break }
            harness.held = []
            harness.now = harness.now.advanced(milliseconds: 400)
            let late = Verified(fence: verify.fence, evidence: [], bonus: 7, milliseconds: 400, passes: 1, rows: 1)
            harness.feed(.verified(late), from: first.peer)
        }
        harness.settle()
        #expect(harness.machine.transitions[.expertChanged] == 1)
        #expect(harness.machine.transitions[.nodeReaped] == 0)
        #expect(harness.report(job)?.tokens.count == 200)
    }

    @Test func equalExpertsKeepTheirSequences() throws {
        var harness = Harness(limits: Self.plain())
        harness.join(ToyNode("first", .expert), costs: Self.fast)
        harness.join(ToyNode("second", .expert), costs: Self.fast)
        for index in 0..<8 { harness.submit(harness.submission("job \(index)", maxTokens: 100)) }
        harness.settle()
        #expect(harness.machine.transitions[.expertChanged] == 0)
        #expect(harness.machine.transitions[.jobReachedLength] == 8)
    }

    /// A prompt that somebody else's job has to feed is no reason to leave: it is over before the rounds are.
    @Test func aPromptBesideThemMovesNobody() throws {
        var harness = Harness(limits: Self.plain())
        harness.join(ToyNode("first", .expert), costs: Self.fast)
        harness.join(ToyNode("second", .expert), costs: Self.fast)
        for name in ["first", "second"] { harness.mute(name) }
        for index in 0..<4 { harness.submit(harness.submission("job \(index)", maxTokens: 100)) }
        harness.submit(harness.submission(String(repeating: "a long prompt ", count: 30), maxTokens: 10))
        // All but the longest request are answered; it stays outstanding.
        for _ in 0..<20 {
            let verifies = harness.held.filter { held in
                if case .verify(let verify) = held.message { return verify.prefix.tail.count < 100 }
                return false
            }
            harness.held.removeAll { held in verifies.contains { $0.message == held.message } }
            for verify in verifies {
                let node = try #require(harness.nodes.firstIndex { $0.peer == verify.to })
                if let answer = harness.nodes[node].answer(verify.message) { harness.feed(answer, from: verify.to) }
            }
        }
        #expect(harness.machine.transitions[.roundCommitted] >= 60)
        #expect(harness.machine.transitions[.expertChanged] == 0)
    }
}
