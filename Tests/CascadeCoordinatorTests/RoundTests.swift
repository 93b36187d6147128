import CascadeCoordinator
import CascadeCore
import CascadeWorker
import Testing

struct RoundTests {
    /// A job of ten tokens whose first Verify is held at the expert.
    private func verifying(_ limits: CoordinatorLimits = Harness.fixed) -> (Harness, JobID?) {
        var harness = Harness.pair(limits: limits)
        harness.mute("expert")
        let job = harness.submit(harness.submission("abc", maxTokens: 10))
        harness.settle()
        return (harness, job)
    }

    /// The same with its first Draft held at the drafter.
    private func drafting() -> (Harness, JobID?) {
        var harness = Harness.pair()
        harness.mute("drafter")
        let job = harness.submit(harness.submission("abc", maxTokens: 10))
        harness.settle()
        return (harness, job)
    }

    private let expected = Toy.answer(prompt: Toy.tokens(Array("abc".utf8)), count: 10)

    private func expectDone(_ harness: Harness, _ job: JobID?, _ location: SourceLocation = #_sourceLocation) {
        #expect(harness.report(job)?.tokens == expected, sourceLocation: location)
        #expect(harness.report(job)?.reason == .length, sourceLocation: location)
        #expect(harness.report(job)?.counts.problem(emitted: 10) == nil, sourceLocation: location)
    }

    // MARK: Experts

    @Test func aLostExpertsRoundGoesToTheNext() throws {
        var (harness, job) = verifying()
        let first = try #require(harness.heldVerify("expert"))
        harness.feed(.peerLost(harness.node("expert").peer))
        #expect(harness.report(job) == nil)
        harness.join(ToyNode("second", .expert))
        harness.mute("second")
        harness.settle()
        let again = try #require(harness.heldVerify("second"))
        #expect(again.draft == first.draft)
        #expect(again.fence.round == first.fence.round)
        harness.unmute("second")
        harness.settle()
        expectDone(harness, job)
    }

    @Test func aSlowExpertsRoundGoesToAnotherToo() throws {
        var (harness, job) = verifying()
        harness.join(ToyNode("second", .expert))
        harness.mute("second")
        harness.answerPings(of: "expert", milliseconds: 11_000)
        let first = try #require(harness.heldVerify("expert"))
        let second = try #require(harness.heldVerify("second"))
        #expect(first.draft == second.draft)
        #expect(first.fence.round == second.fence.round)
        // Either reply commits; the other one is stale.
        harness.unmute("expert")
        harness.settle()
        harness.unmute("second")
        harness.settle()
        expectDone(harness, job)
        #expect(harness.machine.transitions[.replyStale] > 0)
    }

    @Test func aSlowExpertAloneIsAskedAgain() throws {
        var (harness, job) = verifying()
        harness.answerPings(of: "expert", milliseconds: 11_000)
        let requests = harness.held.compactMap { item in
            if case .verify(let verify) = item.message { return verify }
            return nil
        }
        #expect(requests.count == 2)
        #expect(requests[0].fence == requests[1].fence)
        #expect(requests[0].draft == requests[1].draft)
        harness.unmute("expert")
        harness.settle()
        expectDone(harness, job)
    }

    @Test func progressHoldsADeadlineUp() throws {
        var (harness, _) = verifying()
        harness.answerPings(of: "expert", milliseconds: 60_000, progressing: true)
        #expect(harness.machine.transitions[.requestExpired] == 0)
        harness.answerPings(of: "expert", milliseconds: 11_000, progressing: false)
        #expect(harness.machine.transitions[.requestExpired] == 1)
    }

    @Test func progressDoesNotHoldItUpForEver() throws {
        var (harness, _) = verifying()
        harness.answerPings(of: "expert", milliseconds: 130_000, progressing: true)
        #expect(harness.machine.transitions[.requestExpired] == 1)
    }

    @Test func anExpertThatNeverAnswersEndsTheJob() throws {
        var (harness, job) = verifying()
        harness.answerPings(of: "expert", milliseconds: 1_000_000)
        harness.watch(job)
        #expect(harness.report(job)?.error?.code == .nodeFailed)
    }

    @Test func repliesCommitOnce() throws {
        var (harness, job) = verifying()
        let verify = try #require(harness.heldVerify("expert"))
        var expert = harness.node("expert")
        let answer = expert.answer(.verify(verify))
        let reply = try #require(answer)
        let committed = { (harness: Harness) in harness.deltas(job).reduce(0) { $0 + $1.tokens.count } }
        harness.feed(reply, from: expert.peer)
        let count = committed(harness)
        #expect(count > 0)
        harness.feed(reply, from: expert.peer)
        #expect(committed(harness) == count)
        #expect(harness.machine.transitions[.replyStale] == 1)
    }

    @Test(arguments: 0..<4)
    func repliesOfOtherFencesAreStale(field: Int) throws {
        var (harness, job) = verifying()
        let verify = try #require(harness.heldVerify("expert"))
        var fence = verify.fence
        switch field {
        case 0: fence.boot += 1
        case 1: fence.incarnation += 1
        case 2: fence.round += 1
        default: fence.sequence.job.rawValue += 1
        }
        let expert = harness.node("expert")
        harness.feed(.verified(Verified(fence: fence, evidence: [], bonus: 1)), from: expert.peer)
        harness.feed(.failed(Failed(fence: fence, code: .nodeFailed, message: "")), from: expert.peer)
        harness.feed(.missing(Missing(fence: fence, length: 0, needsSpec: true)), from: expert.peer)
        #expect(harness.machine.transitions[.replyStale] == 3)
        #expect(harness.machine.transitions[.roundCommitted] == 0)
        harness.unmute("expert")
        harness.settle()
        expectDone(harness, job)
    }

    @Test func anotherNodesReplyIsStale() throws {
        var (harness, job) = verifying()
        let verify = try #require(harness.heldVerify("expert"))
        harness.join(ToyNode("second", .expert))
        let second = harness.node("second")
        harness.feed(.verified(Verified(fence: verify.fence, evidence: [], bonus: 1)), from: second.peer)
        harness.feed(.drafted(Drafted(fence: verify.fence, positions: [])), from: harness.node("expert").peer)
        #expect(harness.machine.transitions[.replyStale] == 2)
        #expect(harness.report(job) == nil)
    }

    @Test func twoDeathsPoison() throws {
        var (harness, job) = verifying()
        harness.wait(milliseconds: 100)
        harness.feed(.peerLost(harness.node("expert").peer))
        harness.join(ToyNode("second", .expert))
        harness.mute("second")
        harness.wait(milliseconds: 100)
        // Its Verify was on the way before it was muted or is held now; either way it dies with it.
        harness.feed(.peerLost(harness.node("second").peer))
        #expect(harness.report(job)?.error?.code == .poisoned || harness.report(job)?.reason == .length)
    }

    /// Two experts die at once: the second cannot be sent the round that the first one had.
    @Test func whatCouldNotBeSentKilledNobody() throws {
        var (harness, job) = verifying()
        harness.join(ToyNode("second", .expert))
        harness.mute("second")
        harness.wait(milliseconds: 100)
        harness.feed(.peerLost(harness.node("expert").peer))
        _ = try #require(harness.heldVerify("second"))
        harness.feed(.peerLost(harness.node("second").peer))
        #expect(harness.report(job) == nil)
        harness.join(ToyNode("third", .expert))
        harness.settle()
        expectDone(harness, job)
    }

    /// However many drafters die: a round can do without a draft.
    @Test func draftersThatAllDieFailNoJob() throws {
        var (harness, job) = drafting()
        for name in ["second", "third"] {
            harness.join(ToyNode(name, .drafter))
            harness.mute(name)
        }
        for name in ["drafter", "second", "third"] {
            harness.wait(milliseconds: 100)
            let lost = try #require(harness.nodes.last { $0.hello.identity.name == name })
            harness.feed(.peerLost(lost.peer))
            harness.settle()
        }
        expectDone(harness, job)
        #expect(harness.machine.transitions[.jobPoisoned] == 0)
        #expect(harness.report(job)?.counts.draftedRounds == 0)
    }

    @Test func aGoodbyeIsNoDeath() throws {
        var (harness, job) = verifying()
        for name in ["second", "third", "fourth"] {
            let last = harness.nodes.last { $0.hello.role == .expert }
            harness.join(ToyNode(name, .expert))
            harness.mute(name)
            if let last { harness.feed(.goodbye(Goodbye(reason: "")), from: last.peer) }
        }
        #expect(harness.report(job) == nil)
        harness.unmute("fourth")
        harness.settle()
        expectDone(harness, job)
    }

    @Test func aRoomierExpertIsWaitedFor() throws {
        var (harness, job) = verifying()
        harness.feed(.peerLost(harness.node("expert").peer))
        // This one's cache is too small for the sequence.
        harness.join(ToyNode("small", .expert, kvTokens: 12))
        harness.settle()
        #expect(harness.node("small").received.filter(\.isVerify).isEmpty)
        harness.join(ToyNode("large", .expert, kvTokens: 13))
        harness.settle()
        expectDone(harness, job)
    }

    // MARK: Missing

    @Test(arguments: [(0 as UInt32, false), (2, false), (3, false), (.max, false), (0, true), (.max, true)])
    func missingIsSentAgain(length: UInt32, needsSpec: Bool) throws {
        var (harness, job) = verifying()
        let verify = try #require(harness.heldVerify("expert"))
        let missing = Missing(fence: verify.fence, length: length, needsSpec: needsSpec)
        harness.feed(.missing(missing), from: harness.node("expert").peer)
        let again = try #require(harness.heldVerify("expert"))
        #expect(again.draft == verify.draft)
        #expect(again.fence == verify.fence)
        #expect((again.spec != nil) == needsSpec)
        #expect(again.prefix.baseLength == 3)
        #expect(again.prefix.tail.count == 3)
        harness.unmute("expert")
        harness.settle()
        expectDone(harness, job)
    }

    @Test func aNodeThatForgotIsToldAgain() throws {
        var harness = Harness.pair()
        let job = harness.submit(harness.submission("abc", maxTokens: 10))
        for _ in 0..<6 { harness.deliver() }
        for index in harness.nodes.indices {
            harness.nodes[index].worker.releaseAll()
        }
        harness.settle()
        #expect(harness.machine.transitions[.requestMissing] > 0)
        expectDone(harness, job)
    }

    @Test func missingForEverIsAFailure() throws {
        var (harness, job) = verifying()
        let expert = harness.node("expert").peer
        for _ in 0..<200 {
            harness.answerPings(of: "expert", milliseconds: 500)
            guard let verify = harness.heldVerify("expert") else { continue }
            harness.held = []
            harness.feed(.missing(Missing(fence: verify.fence, length: 0, needsSpec: true)), from: expert)
            if harness.report(job) != nil { break }
        }
        harness.watch(job)
        #expect(harness.report(job)?.error?.code == .nodeFailed)
    }

    // MARK: Drafters

    @Test func aLostDraftersRoundIsGivenUp() throws {
        var (harness, job) = drafting()
        harness.feed(.peerLost(harness.node("drafter").peer))
        harness.settle()
        expectDone(harness, job)
        #expect(harness.machine.transitions[.roundAbandoned] == 1)
        #expect(harness.report(job)?.counts.drafted == 0)
    }

    @Test func aSlowDraftersRoundIsGivenUp() throws {
        var (harness, job) = drafting()
        let draft = try #require(harness.heldDraft("drafter"))
        harness.answerPings(of: "drafter", milliseconds: 6000)
        harness.settle()
        expectDone(harness, job)
        // The late draft belongs to a round that is no more.
        var drafter = harness.node("drafter")
        let answer = drafter.answer(.draft(draft))
        let late = try #require(answer)
        let stale = harness.machine.transitions[.replyStale]
        harness.feed(late, from: drafter.peer)
        #expect(harness.machine.transitions[.replyStale] == stale + 1)
    }

    @Test func anotherDrafterTakesOver() throws {
        var (harness, job) = drafting()
        harness.join(ToyNode("second", .drafter))
        harness.feed(.peerLost(harness.node("drafter").peer))
        harness.settle()
        expectDone(harness, job)
        #expect(harness.report(job).map { $0.counts.drafted > 0 } == true)
    }

    @Test func draftersComeAndGo() throws {
        var harness = Harness()
        harness.join(ToyNode("expert", .expert))
        let job = harness.submit(harness.submission("abc", maxTokens: 100))
        for _ in 0..<10 { harness.deliver() }
        #expect(harness.machine.totals.drafted == 0)
        #expect(harness.machine.totals.rounds > 0)
        harness.join(ToyNode("drafter", .drafter))
        for _ in 0..<20 { harness.deliver() }
        let drafted = harness.machine.totals.drafted
        #expect(drafted > 0)
        harness.feed(.peerLost(harness.node("drafter").peer))
        for _ in 0..<10 { harness.deliver() }
        harness.join(ToyNode("drafter", .drafter, incarnation: 2))
        harness.settle()
        #expect(harness.machine.totals.drafted > drafted + 4)
        #expect(harness.report(job)?.tokens == Toy.answer(prompt: Toy.tokens(Array("abc".utf8)), count: 100))
    }

    @Test func anEmptyDraftIsVerifiedAsItIs() throws {
        var (harness, job) = drafting()
        let draft = try #require(harness.heldDraft("drafter"))
        harness.mute("expert")
        harness.feed(.drafted(Drafted(fence: draft.fence, positions: [])), from: harness.node("drafter").peer)
        #expect(harness.heldVerify("expert")?.draft == [])
        #expect(harness.heldVerify("expert")?.fence.round == draft.fence.round)
        harness.unmute("expert")
        harness.unmute("drafter")
        harness.settle()
        expectDone(harness, job)
    }

    @Test func aDrafterWithASmallContextHelpsAsLongAsItCan() throws {
        var harness = Harness()
        harness.join(ToyNode("expert", .expert))
        harness.join(ToyNode("drafter", .drafter, contextLength: 20))
        let job = harness.submit(harness.submission("abc", maxTokens: 60))
        harness.settle()
        let report = try #require(harness.report(job))
        #expect(report.tokens == Toy.answer(prompt: Toy.tokens(Array("abc".utf8)), count: 60))
        #expect(report.counts.drafted > 0)
        #expect(report.counts.unruledPositions > 35)
    }
}

extension Harness {
    /// Lets time pass while a muted node answers its pings and nothing else.
    mutating func answerPings(of name: String, milliseconds: UInt64, progressing: Bool = false) {
        let end = now.advanced(milliseconds: milliseconds)
        var index = nodes.lastIndex { $0.hello.identity.name == name }!
        while now < end {
            wait(milliseconds: 100)
            let pings = held.filter { item in
                if case .ping = item.message { return true }
                return false
            }
            held.removeAll { item in
                if case .ping = item.message { return true }
                return false
            }
            for ping in pings {
                index = nodes.lastIndex { $0.peer == ping.to }!
                if progressing { nodes[index].passes += 1 }
                if let pong = nodes[index].answer(ping.message) { feed(pong, from: ping.to) }
            }
        }
    }
}
