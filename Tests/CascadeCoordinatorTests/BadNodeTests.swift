import CascadeCore
import Testing

@testable import CascadeCoordinator

/// A node that fails beside one that is well fails no job, and is put out of use; alone it fails them within a bound.
struct BadNodeTests {
    private static let vices: [ToyNode.Vice] = [.nonsense, .fails, .dies, .reconnects, .leaves, .forgets]
    private static let quick = [CostPoint(rows: 1, milliseconds: 5)]
    private static let usual = [CostPoint(rows: 1, milliseconds: 20)]

    private static func node(_ name: String, _ role: NodeRole, _ vice: ToyNode.Vice) -> ToyNode {
        var node = ToyNode(name, role)
        node.vice = vice
        return node
    }

    /// A good expert and one that looks better and is bad; drafts are a drafter's.
    private func experts(_ vice: ToyNode.Vice) -> Harness {
        var harness = Harness()
        harness.join(ToyNode("good", .expert), costs: Self.usual)
        harness.join(Self.node("bad", .expert, vice), costs: Self.quick)
        harness.join(ToyNode("drafter", .drafter))
        return harness
    }

    /// Submits a job and lets it run; the milliseconds that it took.
    private func run(_ harness: inout Harness, _ prompt: String, within milliseconds: UInt64 = 3_000) -> Double {
        let start = harness.now
        let job = harness.submit(harness.submission(prompt, maxTokens: 30))
        harness.settle()
        while harness.report(job) == nil, harness.now < start.advanced(milliseconds: milliseconds) {
            harness.wait(milliseconds: 100)
        }
        let took = harness.now.milliseconds(since: start)
        #expect(harness.report(job)?.tokens == Toy.answer(prompt: Toy.tokens(Array(prompt.utf8)), count: 30))
        #expect(harness.report(job)?.reason == .length)
        return took
    }

    private func summary(_ harness: inout Harness, _ name: String) -> NodeSummary? {
        let asker = PeerID(Array("asker".utf8))
        harness.feed(.nodesRequest(NodesRequest(requestID: 1)), from: asker)
        guard case .nodeList(let list) = harness.messages(asker).last else { return nil }
        return list.nodes.first { $0.identity.name == name }
    }

    // MARK: Experts

    @Test(arguments: vices)
    func aBadExpertBesideAGoodOneFailsNoJob(vice: ToyNode.Vice) throws {
        var harness = experts(vice)
        for index in 0..<6 { #expect(run(&harness, "job number \(index)") < 1_000) }
        #expect(harness.machine.transitions[.jobReachedLength] == 6)
        #expect(harness.machine.transitions[.jobFailed] == 0)
        #expect(harness.machine.transitions[.nodeDistrusted] == 1)
        // Two jobs met it; what has to be repeated to be a fault took a few requests.
        let most = [ToyNode.Vice.reconnects, .forgets].contains(vice) ? 12 : 2
        #expect(harness.asked("bad") <= most, "asked \(harness.asked("bad")) times")
        let rest = try #require(summary(&harness, "bad")?.rest)
        #expect(rest.milliseconds > 0 && rest.milliseconds <= 10_000)
        #expect(!rest.reason.isEmpty)
        #expect(summary(&harness, "good")?.rest == nil)
    }

    /// All of them at once.
    @Test(arguments: vices)
    func manyJobsAtOnce(vice: ToyNode.Vice) throws {
        var harness = experts(vice)
        let jobs = (0..<16).map { index in harness.submit(harness.submission("job \(index)", maxTokens: 20)) }
        harness.settle()
        harness.wait(milliseconds: 5_000)
        for (index, job) in jobs.enumerated() {
            let expected = Toy.answer(prompt: Toy.tokens(Array("job \(index)".utf8)), count: 20)
            #expect(harness.report(job)?.tokens == expected)
        }
        #expect(harness.machine.transitions[.nodeDistrusted] >= 1)
    }

    /// It is tried again with one sequence at a time, later each time; one that is well again is used as before.
    @Test func itIsTriedAgainWithGrowingPauses() throws {
        var harness = experts(.nonsense)
        for index in 0..<2 { _ = run(&harness, "job number \(index)") }
        #expect(harness.asked("bad") == 2)
        harness.wait(milliseconds: 10_100)
        #expect(summary(&harness, "bad")?.rest == nil)
        harness.mute("bad")
        let jobs = (0..<4).map { index in harness.submit(harness.submission("trial \(index)", maxTokens: 20)) }
        harness.settle()
        #expect(harness.held.count(where: \.message.isVerify) == 1, "one sequence is the trial")
        harness.unmute("bad")
        harness.settle()
        for job in jobs { #expect(harness.report(job)?.reason == .length) }
        #expect(harness.asked("bad") == 3)
        let rest = try #require(summary(&harness, "bad")?.rest)
        #expect(rest.milliseconds > 10_000 && rest.milliseconds <= 20_000)
        let index = try #require(harness.nodes.lastIndex { $0.hello.identity.name == "bad" })
        harness.nodes[index].vice = .none
        harness.wait(milliseconds: 20_100)
        for index in 0..<8 { _ = run(&harness, "cured \(index)") }
        #expect(harness.asked("bad") > 30)
        #expect(harness.machine.conducts["bad"] == NodeConduct())
    }

    /// A new process of the name is not washed clean.
    @Test func comingBackDoesNotHelp() throws {
        var harness = experts(.nonsense)
        for index in 0..<2 { _ = run(&harness, "job number \(index)") }
        let bad = harness.node("bad")
        harness.feed(.goodbye(Goodbye(reason: "")), from: bad.peer)
        harness.join(bad.reborn(incarnation: 2, peer: "elsewhere"), costs: Self.quick)
        for index in 2..<5 { _ = run(&harness, "job number \(index)") }
        #expect(harness.asked("bad") == 2)
        #expect(summary(&harness, "bad")?.rest != nil)
    }

    /// An expert that is out of use is better than none.
    @Test func outOfUseIsNotGone() throws {
        var harness = experts(.nonsense)
        for index in 0..<2 { _ = run(&harness, "job number \(index)") }
        let index = try #require(harness.nodes.lastIndex { $0.hello.identity.name == "bad" })
        harness.nodes[index].vice = .none
        harness.feed(.goodbye(Goodbye(reason: "")), from: harness.node("good").peer)
        _ = run(&harness, "there is no other")
    }

    /// A good expert that is full is waited for.
    @Test func aFullGoodExpertIsWaitedFor() throws {
        var harness = Harness()
        harness.join(Self.node("bad", .expert, .nonsense), costs: Self.quick)
        harness.join(ToyNode("good", .expert, kvTokens: 60), costs: Self.usual)
        let jobs = (0..<6).map { index in harness.submit(harness.submission("job \(index)", maxTokens: 40)) }
        harness.settle()
        harness.wait(milliseconds: 3_000)
        for job in jobs { #expect(harness.report(job)?.reason == .length) }
        #expect(harness.machine.transitions[.jobFailed] == 0)
    }

    /// So it is by a job whose expert was silent as often as one may be, for as long as it takes.
    @Test func aFullGoodExpertIsWaitedForBehindASilentOne() throws {
        var limits = Harness.fixed
        limits.failuresPerRound = 1
        var harness = Harness(limits: limits)
        harness.join(ToyNode("silent", .expert), costs: Self.usual)
        harness.mute("silent")
        let waiting = harness.submit(harness.submission("abc", maxTokens: 40))
        #expect(harness.heldVerify("silent") != nil)
        harness.answerPings(of: "silent", milliseconds: 5_000)
        harness.join(ToyNode("good", .expert, kvTokens: 60), costs: Self.quick)
        harness.mute("good")
        let first = harness.submit(harness.submission("xyz", maxTokens: 40))
        #expect(harness.heldVerify("good")?.fence.sequence.job == first)
        harness.answerPings(of: "silent", milliseconds: 6_000)
        #expect(harness.machine.transitions[.requestExpired] == 1)
        #expect(harness.report(waiting) == nil)
        harness.unmute("good")
        harness.settle()
        for job in [first, waiting] { #expect(harness.report(job)?.reason == .length) }
        #expect(harness.machine.transitions[.jobFailed] == 0)
    }

    /// A job whose good expert is started anew while it is asked, and which is at another one then, `other`.
    private func moved(to other: ToyNode, muting: Bool = false) throws -> (Harness, JobID) {
        var harness = Harness()
        harness.join(ToyNode("good", .expert), costs: Self.usual)
        harness.mute("good")
        let submitted = harness.submit(harness.submission("abc", maxTokens: 30))
        let job = try #require(submitted)
        #expect(harness.heldVerify("good") != nil)
        harness.join(other, costs: Self.quick)
        if muting { harness.mute(other.hello.identity.name) }
        let good = harness.node("good")
        harness.feed(.goodbye(Goodbye(reason: "")), from: good.peer)
        harness.nodes.removeAll { $0.peer == good.peer }
        harness.join(good.reborn(incarnation: 2, peer: "good again"), costs: Self.usual)
        return (harness, job)
    }

    /// Both have failed the job then: it goes to the one with which that is longer ago, and stays there.
    @Test(arguments: vices)
    func aRestartIsNoReasonToStayWithABadExpert(vice: ToyNode.Vice) throws {
        var (harness, job) = try moved(to: Self.node("bad", .expert, vice))
        harness.settle()
        #expect(harness.asked("bad") > 0)
        harness.wait(milliseconds: 3_000)
        #expect(harness.report(job)?.reason == .length)
        #expect(harness.report(job)?.tokens == Toy.answer(prompt: Toy.tokens(Array("abc".utf8)), count: 30))
        #expect(harness.asked("bad") <= 5, "asked \(harness.asked("bad")) times")
    }

    /// The same where the other one says nothing, which is no fault: its time has to be over.
    @Test func aRestartIsNoReasonToWaitForASilentExpert() throws {
        var (harness, job) = try moved(to: ToyNode("silent", .expert), muting: true)
        #expect(harness.heldVerify("silent") != nil)
        harness.answerPings(of: "silent", milliseconds: 25_000)
        #expect(harness.report(job)?.reason == .length)
        #expect(harness.machine.transitions[.requestExpired] == 1)
    }

    /// Two experts that are full, and silent for a while, do not make their jobs wait for each other's room.
    @Test func fullExpertsThatWereSilentKeepTheirJobs() throws {
        var harness = Harness()
        for name in ["first", "second"] {
            harness.join(ToyNode(name, .expert, kvTokens: 60), costs: Self.usual)
            harness.mute(name)
        }
        let jobs = (0..<2).map { harness.submit(harness.submission("job \($0)", maxTokens: 40)) }
        #expect(harness.heldVerify("first") != nil && harness.heldVerify("second") != nil)
        // Those of the other one as well.
        harness.answerPings(of: "first", milliseconds: 12_000)
        #expect(harness.machine.transitions[.requestExpired] == 2)
        for name in ["first", "second"] { harness.unmute(name) }
        harness.settle()
        for job in jobs { #expect(harness.report(job)?.reason == .length) }
    }

    /// Deaths of one that dies over and over end no job whose silent expert may yet answer.
    @Test func deathsBesideASilentExpertFailNoJob() throws {
        var harness = Harness()
        harness.join(ToyNode("silent", .expert), costs: Self.usual)
        harness.mute("silent")
        let job = harness.submit(harness.submission("abc", maxTokens: 30))
        harness.join(Self.node("bad", .expert, .dies), costs: Self.quick)
        harness.answerPings(of: "silent", milliseconds: 75_000)
        #expect(harness.asked("bad") >= 3, "asked \(harness.asked("bad")) times")
        #expect(harness.report(job) == nil)
        harness.unmute("silent")
        harness.settle()
        // Its client was silent too.
        harness.watch(job)
        #expect(harness.report(job)?.reason == .length)
    }

    /// A bad expert that has loaded first ends no job for which a good one is loading; when that is gone, it does.
    @Test(arguments: vices, [true, false])
    func whatLoadsIsWaitedFor(vice: ToyNode.Vice, becomesReady: Bool) throws {
        var harness = Harness()
        harness.join(Self.node("bad", .expert, vice))
        let good = ToyNode("good", .expert)
        harness.startLoading(good)
        let job = harness.submit(harness.submission("abc", maxTokens: 10))
        for _ in 0..<70 {
            harness.settle(steps: 1_000)
            harness.watch(job)
            harness.wait(milliseconds: 1_000)
        }
        #expect(harness.report(job) == nil)
        #expect(harness.asked("bad") <= 40, "asked \(harness.asked("bad")) times")
        if becomesReady {
            harness.feed(.ready(Ready(boot: 77, costs: Self.usual, credits: 8)), from: good.peer)
        } else {
            harness.feed(.goodbye(Goodbye(reason: "")), from: good.peer)
        }
        for _ in 0..<70 where harness.report(job) == nil {
            harness.settle(steps: 1_000)
            harness.watch(job)
            harness.wait(milliseconds: 1_000)
        }
        #expect(harness.report(job)?.reason == (becomesReady ? .length : .error))
    }

    // MARK: The only one

    /// Today's bounds hold where nobody else can take a job.
    @Test(arguments: vices)
    func aloneItFailsJobsWithinABound(vice: ToyNode.Vice) throws {
        var harness = Harness()
        harness.join(Self.node("bad", .expert, vice))
        let job = harness.submit(harness.submission("abc", maxTokens: 10))
        for _ in 0..<70 where harness.report(job) == nil {
            harness.settle(steps: 1_000)
            harness.watch(job)
            harness.wait(milliseconds: 1_000)
        }
        let error = try #require(harness.report(job)?.error)
        #expect(error.code == (vice == .dies ? .setAside : .nodeFailed))
        #expect(harness.asked("bad") <= 40)
        if vice == .dies {
            #expect(error.message.contains("expert bad died 3 times while working on the job"), "\(error.message)")
        }
    }

    /// A job that kills whoever works on it is stopped at the second of them.
    @Test func aJobThatKillsSeveralIsPoison() throws {
        var harness = Harness()
        for name in ["first", "second", "third"] { harness.join(Self.node(name, .expert, .dies)) }
        let job = harness.submit(harness.submission("abc", maxTokens: 10))
        harness.settle()
        #expect(harness.report(job)?.error?.code == .poisoned)
        #expect(["first", "second", "third"].map { harness.asked($0) }.sorted() == [0, 1, 1])
    }

    // MARK: Drafters

    @Test(arguments: vices)
    func aBadDrafterBesideAGoodOneCostsNoDrafts(vice: ToyNode.Vice) throws {
        var harness = Harness()
        harness.join(ToyNode("expert", .expert))
        harness.join(Self.node("bad", .drafter, vice), costs: Self.quick)
        harness.join(ToyNode("good", .drafter), costs: Self.usual)
        for index in 0..<6 { #expect(run(&harness, "job number \(index)") < 1_000) }
        #expect(harness.machine.transitions[.nodeDistrusted] == 1)
        let most = [ToyNode.Vice.reconnects, .forgets].contains(vice) ? 12 : 2
        #expect(harness.asked("bad") <= most, "asked \(harness.asked("bad")) times")
        #expect(harness.machine.totals.draftedRounds > 30)
        #expect(summary(&harness, "bad")?.rest != nil)
    }

    /// Alone it is not asked at all as long as it is out of use: rounds do without.
    @Test func aBadDrafterAloneIsLeftAlone() throws {
        var harness = Harness()
        harness.join(ToyNode("expert", .expert))
        harness.join(Self.node("bad", .drafter, .nonsense))
        for index in 0..<6 { _ = run(&harness, "job number \(index)") }
        #expect(harness.asked("bad") == 2)
    }

    // MARK: Lies

    /// How many of 20 jobs, one after the other, a liar gets beside an honest expert, both of which take 20 ms a pass.
    private func jobsOfLiar(_ said: [CostPoint], claimed: Double, rejoins: Bool = false) throws -> (
        early: Int, late: Int
    ) {
        var limits = Harness.fixed
        limits.draftLength = .fixed(0)
        var harness = Harness(limits: limits)
        harness.join(ToyNode("honest", .expert), costs: Self.usual)
        harness.join(ToyNode("liar", .expert), costs: said)
        var (early, late) = (0, 0)
        for index in 0..<20 {
            for name in ["honest", "liar"] { harness.mute(name) }
            let jobs = (0..<2).map { harness.submit(harness.submission("job \(index) \($0)", maxTokens: 8)) }
            while jobs.contains(where: { harness.report($0) == nil }) {
                let requests = harness.held.filter(\.message.isVerify)
                harness.held.removeAll(where: \.message.isVerify)
                try #require(!requests.isEmpty)
                harness.now = harness.now.advanced(milliseconds: 20)
                for request in requests {
                    let node = try #require(harness.nodes.firstIndex { $0.peer == request.to })
                    let isLiar = harness.nodes[node].hello.identity.name == "liar"
                    guard case .verified(var verified)? = harness.nodes[node].answer(request.message) else { continue }
                    (verified.passes, verified.rows) = (1, 1)
                    verified.milliseconds = isLiar ? claimed : 20
                    harness.feed(.verified(verified), from: request.to)
                }
            }
            let count = harness.asked("liar")
            if index < 4 { early = count } else { late = count - early }
            guard rejoins, index % 2 == 1 else { continue }
            let liar = harness.node("liar")
            harness.feed(.goodbye(Goodbye(reason: "")), from: liar.peer)
            harness.join(liar.reborn(incarnation: UInt64(index) + 2, peer: "liar \(index)"), costs: said)
        }
        return (early, late)
    }

    /// Two jobs at a time of 8 rounds each, 32 rounds a turn: half of the late ones are the liar's at most, and some
    /// more.
    @Test(arguments: [0.001, 0.1, 0, 1e-300])
    func aLiarDoesNotDrawAllWork(said: Double) throws {
        let curve = [1, 16].map { CostPoint(rows: $0, milliseconds: said) }
        let counts = try jobsOfLiar(curve, claimed: said)
        #expect(counts.late <= 16 * 8 * 5 / 4, "\(counts.late) of \(16 * 16)")
        #expect(counts.late >= 16 * 8 / 4, "it is as good as the other one")
    }

    /// Nor by claims that are larger than the truth, nor by saying nothing, nor by beginning anew, nor by a curve that
    /// is true and claims that are not.
    @Test func liesOfOtherKinds() throws {
        let tiny = [CostPoint(rows: 1, milliseconds: 0.001)]
        #expect(try jobsOfLiar(tiny, claimed: 1e9).late <= 16 * 8 * 5 / 4)
        #expect(try jobsOfLiar([], claimed: 0).late <= 16 * 8 * 5 / 4)
        #expect(try jobsOfLiar(tiny, claimed: 0.001, rejoins: true).late <= 16 * 8 * 5 / 4)
        #expect(try jobsOfLiar(Self.usual, claimed: 0.001).late <= 16 * 8 * 5 / 4)
        #expect(try jobsOfLiar(Self.usual, claimed: 0.001, rejoins: true).late <= 16 * 8 * 5 / 4)
    }
}
