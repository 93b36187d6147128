import CascadeCoordinator
import CascadeCore
import CascadeWorker
import Testing

struct StreamTests {
    private let other = PeerID([2])

    /// A job of twenty tokens in the middle of its work.
    private func halfway() -> (Harness, JobID) {
        var harness = Harness.pair()
        let job = harness.submit(harness.submission("abc", maxTokens: 20))!
        while harness.machine.totals.rounds < 2 { harness.deliver() }
        return (harness, job)
    }

    private let expected = Toy.answer(prompt: Toy.tokens(Array("abc".utf8)), count: 20)

    @Test func aWatchGetsWhatTheClientLacks() throws {
        var (harness, job) = halfway()
        let count = harness.deltas(job).flatMap(\.tokens).count
        #expect(count > 2)
        harness.watch(job, from: other, tokens: 2, bytes: 1)
        let delta = try #require(harness.deltas(job, other).last)
        #expect(delta.tokenOffset == 2)
        #expect(delta.byteOffset == 1)
        #expect(delta.tokens == Array(expected[2..<count]))
        #expect(delta.text == Toy.text(Array(expected[1..<count])))
        harness.settle()
        #expect(harness.deltas(job, other).flatMap(\.tokens) == Array(expected[2...]))
        #expect(harness.report(job, other) == harness.report(job))
    }

    /// However a job ends, its text has whole characters alone, and is what its deltas were in a row; the tokens stay.
    @Test(arguments: [FinishReason.length, .cancelled, .error, .stop])
    func halfACharacterAtTheEndIsLeftOut(reason: FinishReason) throws {
        // Every token is a letter and the first half of a smiling face.
        let piece: [UInt8] = [0x61, 0xF0, 0x9F]
        let vocabulary = Vocabulary(
            pieces: [[]] + Array(repeating: piece, count: Toy.count - 1),
            endTokens: [0],
            hash: Toy.hash
        )
        var harness = Harness()
        for node in [ToyNode("expert", .expert), ToyNode("drafter", .drafter)] {
            harness.nodes.append(node)
            harness.feed(.hello(node.hello), from: node.peer)
            harness.feed(.vocabulary(pool: node.hello.pool, TokenizerID(node.hello), vocabulary))
            let costs = [CostPoint(rows: 1, milliseconds: 10)]
            harness.feed(.ready(Ready(boot: 77, costs: costs, credits: 8)), from: node.peer)
        }
        var submit = harness.submission("abc", maxTokens: 20)
        // Complete with the third token's first byte.
        if reason == .stop { submit.stop = [piece + piece + [0x61]] }
        let accepted = harness.submit(submit)
        let job = try #require(accepted)
        switch reason {
        case .length, .stop: harness.settle()
        case .cancelled, .error:
            while harness.machine.totals.rounds < 2 { harness.deliver() }
            if reason == .cancelled {
                harness.feed(.cancel(Cancel(requestID: 9, job: job)))
            } else {
                harness.feed(.endJobs)
            }
        }
        let report = try #require(harness.report(job))
        #expect(report.reason == reason || reason == .error)
        #expect(!report.tokens.isEmpty)
        let all = report.tokens.flatMap { Array(vocabulary.bytes(of: $0)) }
        #expect(report.text == (reason == .stop ? [] : all.dropLast(2)))
        #expect(harness.deltas(job).flatMap(\.text) == report.text)
    }

    @Test func aRepeatedWatchIsAnsweredEvenByNothing() throws {
        var (harness, job) = halfway()
        let count = UInt32(harness.deltas(job).flatMap(\.tokens).count)
        harness.watch(job, from: other, tokens: count, bytes: count)
        harness.watch(job, from: other, tokens: count, bytes: count)
        #expect(harness.deltas(job, other).count == 2)
        #expect(harness.deltas(job, other).allSatisfy { $0.tokens.isEmpty })
        #expect(harness.machine.transitions[.watcherAttached] == 2)
    }

    @Test func offsetsBeyondTheAnswerAreRefused() {
        var (harness, job) = halfway()
        harness.watch(job, from: other, tokens: 21, bytes: 0)
        harness.watch(job, from: other, tokens: .max, bytes: .max)
        #expect(harness.refusals(other).map(\.code) == [.badRequest, .badRequest])
        harness.settle()
        // Behind the end they are taken for the end.
        harness.watch(job, from: other, tokens: .max, bytes: .max)
        #expect(harness.report(job, other) != nil)
        #expect(harness.deltas(job, other).isEmpty)
    }

    @Test func aLateWatcherGetsEverything() {
        var (harness, job) = halfway()
        harness.settle()
        harness.watch(job, from: other)
        #expect(harness.deltas(job, other).flatMap(\.tokens) == expected)
        #expect(harness.deltas(job, other).flatMap(\.origins).count == 20)
        #expect(harness.deltas(job, other).flatMap(\.text) == Toy.text(expected))
        #expect(harness.report(job, other) == harness.report(job))
    }

    @Test(arguments: [true, false])
    func watchersThatAreGoneOrFullAreDropped(isLost: Bool) {
        var (harness, job) = halfway()
        let count = harness.messages().count
        harness.feed(isLost ? .peerLost(Harness.client) : .peerFull(Harness.client))
        harness.settle()
        #expect(harness.messages().count == count)
        #expect(harness.machine.transitions[.watcherDropped] == 1)
        // The client comes back with what it has.
        let have = UInt32(harness.deltas(job).flatMap(\.tokens).count)
        harness.watch(job, tokens: have, bytes: have)
        #expect(harness.deltas(job).flatMap(\.tokens) == expected)
        #expect(harness.report(job) != nil)
    }

    @Test func silentWatchersAreDropped() {
        var harness = Harness()
        let job = harness.submit(harness.submission())
        harness.wait(milliseconds: 20_000)
        harness.watch(job)
        harness.wait(milliseconds: 20_000)
        #expect(harness.machine.transitions[.watcherDropped] == 0)
        harness.wait(milliseconds: 12_000)
        #expect(harness.machine.transitions[.watcherDropped] == 1)
    }

    @Test func watchersAreBounded() {
        var limits = Harness.fixed
        limits.watchersPerJob = 3
        limits.watchers = 5
        var harness = Harness(limits: limits)
        var submit = harness.submission()
        submit.follow = false
        let first = harness.submit(submit)
        submit = harness.submission()
        submit.follow = false
        let second = harness.submit(submit)
        for number in 10..<14 as Range<UInt8> { harness.watch(first, from: PeerID([number])) }
        #expect(harness.refusals(PeerID([13])).map(\.code) == [.overloaded])
        for number in 20..<23 as Range<UInt8> { harness.watch(second, from: PeerID([number])) }
        #expect(harness.refusals(PeerID([22])).map(\.code) == [.overloaded])
        harness.feed(.peerLost(PeerID([10])))
        harness.watch(second, from: PeerID([22]))
        #expect(harness.refusals(PeerID([22])).count == 1)
    }

    // MARK: Cancelling

    @Test func aCancelledJobEndsForEverybody() throws {
        var (harness, job) = halfway()
        harness.watch(job, from: other)
        harness.feed(.cancel(Cancel(requestID: 9, job: job)))
        guard case .finished(let finished) = harness.messages().last else {
            Issue.record("a cancel must be answered by the report")
            return
        }
        #expect(finished.requestID == 9)
        #expect(finished.report.reason == .cancelled)
        #expect(finished.report.tokens == Array(expected[..<finished.report.tokens.count]))
        #expect(harness.report(job, other) == finished.report)
        let (mine, theirs) = (harness.messages().count, harness.messages(other).count)
        harness.settle()
        // Nothing comes after it, and the nodes forget the sequence.
        #expect(harness.messages().count == mine)
        #expect(harness.messages(other).count == theirs)
        #expect(harness.node("expert").worker.sequenceCount == 0)
        #expect(harness.node("drafter").worker.sequenceCount == 0)
        #expect(finished.report.counts.problem(emitted: finished.report.tokens.count) == nil)
    }

    @Test func cancellingAFinishedJobChangesNothing() {
        var (harness, job) = halfway()
        harness.settle()
        let report = harness.report(job)
        harness.feed(.cancel(Cancel(requestID: 9, job: job)), from: other)
        #expect(harness.report(job, other) == report)
        #expect(report?.reason == .length)
    }

    @Test func aQueuedJobCanBeCancelled() {
        var harness = Harness()
        let job = harness.submit(harness.submission())
        harness.feed(.cancel(Cancel(requestID: 9, job: job!)))
        #expect(harness.report(job)?.reason == .cancelled)
        #expect(harness.report(job)?.tokens == [])
    }

    @Test func unknownJobsAreRefused() {
        var harness = Harness()
        let job = JobID(rawValue: 1)
        harness.feed(.cancel(Cancel(requestID: 1, job: job)))
        harness.feed(.watch(Watch(requestID: 2, job: job, tokenOffset: 0, byteOffset: 0)))
        harness.feed(.statusRequest(StatusRequest(requestID: 3, job: job)))
        #expect(harness.refusals().map(\.code) == [.unknownJob, .unknownJob, .unknownJob])
        #expect(harness.refusals().map(\.requestID) == [1, 2, 3])
    }

    // MARK: Asking

    @Test func jobsAreListedNewestFirst() throws {
        var harness = Harness()
        let first = harness.submit(harness.submission("abc", maxTokens: 4))
        harness.join(ToyNode("expert", .expert))
        harness.settle()
        harness.mute("expert")
        let second = harness.submit(harness.submission())
        var elsewhere = harness.submission()
        elsewhere.pool = "elsewhere"
        let third = harness.submit(elsewhere)
        harness.feed(.jobsRequest(JobsRequest(requestID: 5, limit: 10)), from: other)
        guard case .jobList(let list) = harness.messages(other).last else {
            Issue.record("there must be a list")
            return
        }
        #expect(list.requestID == 5)
        #expect(list.jobs.map(\.job) == [third, second, first])
        #expect(list.jobs.map(\.state) == [.queued, .running, .finished])
        #expect(list.jobs.map(\.completionTokens) == [0, 0, 4])
        #expect(list.jobs[0].note == "waiting for an expert in pool elsewhere")
        harness.feed(.jobsRequest(JobsRequest(requestID: 6, limit: 2)), from: other)
        guard case .jobList(let short) = harness.messages(other).last else { return }
        #expect(short.jobs.map(\.job) == [third, second])
        harness.feed(.statusRequest(StatusRequest(requestID: 7, job: first)), from: other)
        guard case .jobList(let one) = harness.messages(other).last else { return }
        #expect(one.jobs.map(\.job) == [first])
    }

    @Test func theClustersStatusCounts() throws {
        var (harness, _) = halfway()
        harness.feed(.statusRequest(StatusRequest(requestID: 5)), from: other)
        guard case .clusterStatus(let status) = harness.messages(other).last else {
            Issue.record("there must be a status")
            return
        }
        #expect(status.boot == 77)
        #expect(status.drafters == 1)
        #expect(status.experts == 1)
        #expect(status.runningJobs == 1)
        #expect(status.counts == harness.machine.totals)
        harness.feed(.nodesRequest(NodesRequest(requestID: 6)), from: other)
        guard case .nodeList(let list) = harness.messages(other).last else {
            Issue.record("there must be a list")
            return
        }
        #expect(list.nodes.map(\.identity.name) == ["drafter", "expert"])
        #expect(list.nodes.map(\.inFlight).reduce(0, +) == 1)
    }
}
