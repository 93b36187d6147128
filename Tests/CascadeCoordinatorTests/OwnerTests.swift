import CascadeCore
import OrderedCollections
import Testing

@testable import CascadeCoordinator

/// Whose a job is, and that nobody else learns of it (decisions.md 25).
@Suite struct OwnerTests {
    private static let foreign = PeerID(Array("foreign".utf8))

    /// What a peer is answered by the requests of `ask`.
    private static func answers(
        _ harness: inout Harness,
        to ask: [Message],
        from peer: PeerID = foreign,
        by principal: Principal
    ) -> [Message] {
        harness.inbox[peer] = nil
        for message in ask { harness.feed(message, from: peer, by: principal) }
        return harness.messages(peer)
    }

    /// A job that is accepted.
    private static func submit(
        _ harness: inout Harness,
        _ submit: Submit,
        from peer: PeerID = Harness.client,
        by principal: Principal
    ) throws -> JobID {
        let job = harness.submit(submit, from: peer, by: principal)
        return try #require(job)
    }

    private static func requests(about job: JobID) -> [Message] {
        [
            .watch(Watch(requestID: 9, job: job, tokenOffset: 0, byteOffset: 0)),
            // Offsets are refused in other words where the job is known.
            .watch(Watch(requestID: 9, job: job, tokenOffset: 1_000, byteOffset: 1_000)),
            .statusRequest(StatusRequest(requestID: 9, job: job)),
            .cancel(Cancel(requestID: 9, job: job)),
            .cancelJobs(CancelJobs(requestID: 9, selection: .jobs([job]))),
            .cancelJobs(CancelJobs(requestID: 10, selection: .scope(.all))),
            .cancelJobs(CancelJobs(requestID: 11, selection: .scope(.owner("team")))),
            .jobsRequest(JobsRequest(requestID: 9, limit: 10)),
            .jobsRequest(JobsRequest(requestID: 9, limit: 10, scope: .owner("team"))),
        ]
    }

    /// All that a message says, with a job's id left out.
    private static func words(_ message: Message, _ job: JobID) -> String {
        "\(message)".split(separator: job.description, omittingEmptySubsequences: false).joined(separator: "ID")
    }

    /// The answers about another owner's job are those about one that does not exist, word for word but for the id,
    /// while it waits, runs and has ended; and nothing of it changes.
    @Test(arguments: [JobState.queued, .running, .finished])
    func foreignJobsAreUnknownJobs(_ state: JobState) throws {
        var harness = state == .queued ? Harness() : Harness.pair()
        let job = try Self.submit(&harness, harness.submission(maxTokens: 200), by: .member)
        if state == .finished { harness.settle() }
        #expect(harness.machine.state(of: job, for: .member) == state)
        let unknown = JobID(rawValue: 0xfeed_0000_dead_beef)
        // From connections of their own: a request that comes again from the same one is answered the same.
        let about = Self.answers(&harness, to: Self.requests(about: job), from: PeerID([1]), by: .stranger)
        let none = Self.answers(&harness, to: Self.requests(about: unknown), from: PeerID([2]), by: .stranger)
        #expect(about.count == Self.requests(about: job).count)
        #expect(about.map { Self.words($0, job) } == none.map { Self.words($0, unknown) })
        #expect(harness.machine.state(of: job, for: .member) == state)
        // The same requests of its owner's other key are answered otherwise.
        let own = Self.answers(&harness, to: Self.requests(about: job), from: PeerID([3]), by: .colleague)
        #expect(own.map { Self.words($0, job) } != none.map { Self.words($0, unknown) })
    }

    @Test func aSubmitKeyIsItsOwnersOwn() throws {
        var harness = Harness()
        let submit = harness.submission()
        let job = try Self.submit(&harness, submit, by: .member)
        var other = submit
        other.prompt = Array("something else".utf8)
        // The same key from another owner is another job, and its own owner's other key finds the first one.
        let foreign = try Self.submit(&harness, other, from: Self.foreign, by: .stranger)
        #expect(foreign != job)
        let again = try Self.submit(&harness, submit, from: PeerID([7]), by: .colleague)
        #expect(again == job)
        #expect(harness.machine.jobs.count == 2)
    }

    @Test func listsShowOwnJobsAndAdminsSeeAll() throws {
        var harness = Harness()
        let own = try Self.submit(&harness, harness.submission("mine"), by: .member)
        let foreign = try Self.submit(&harness, harness.submission("theirs"), from: Self.foreign, by: .stranger)
        func list(_ principal: Principal, _ scope: JobScope = .all) -> [JobSummary] {
            let request = JobsRequest(requestID: 9, limit: 10, scope: scope)
            guard case .jobList(let list) = Self.answers(&harness, to: [.jobsRequest(request)], by: principal).last
            else { return [] }
            return list.jobs
        }
        #expect(list(.colleague).map(\.job) == [own] && list(.colleague)[0].promptBeginning == "mine")
        let all = list(.administrator)
        #expect(all.map(\.job) == [foreign, own] && all.map(\.owner) == ["others", "team"])
        // What others wrote is none of an operator's business either.
        #expect(all.allSatisfy { $0.promptBeginning.isEmpty })
        #expect(list(.administrator, .owner("team")).map(\.job) == [own])
        #expect(list(.administrator, .mine).isEmpty && list(.stranger, .mine).map(\.job) == [foreign])
        #expect(list(.stranger, .owner("team")).isEmpty)
    }

    @Test func severalJobsAreCancelledAtOnce() throws {
        var limits = Harness.fixed
        // An owner gets half of it, and the other one has a job too.
        limits.queuedJobs = 3_001
        var harness = Harness(limits: limits)
        let foreign = try Self.submit(&harness, harness.submission(), from: Self.foreign, by: .stranger)
        let own = (0..<1_500).compactMap { _ in harness.submit(harness.submission(), by: .member) }
        var requestID: UInt64 = 100
        func cancel(_ selection: CancelJobs.Selection) -> JobsCancelled? {
            requestID += 1
            let request = Message.cancelJobs(CancelJobs(requestID: requestID, selection: selection))
            guard case .jobsCancelled(let answer) = Self.answers(&harness, to: [request], by: .member).last else {
                return nil
            }
            return answer
        }
        // Some by name, one of them twice, one that is another owner's, one that had ended.
        harness.feed(.cancel(Cancel(requestID: 9, job: own[2])), by: .member)
        let named = cancel(.jobs([own[0], own[1], own[0], foreign, own[2]]))
        #expect(named?.cancelled == [own[0], own[1]] && named?.ended == [own[2]] && named?.unknown == [foreign])
        let first = try #require(cancel(.scope(.all)))
        #expect(first.cancelled == Array(own[3..<1_003]) && first.remaining == 497)
        let last = try #require(cancel(.scope(.mine)))
        #expect(last.cancelled == Array(own[1_003...]) && last.remaining == 0)
        #expect(cancel(.scope(.all)) == JobsCancelled(requestID: requestID))
        #expect(harness.machine.jobs.count == 1 && harness.machine.brokenInvariant == nil)
    }

    @Test func aRevokedKeysJobsEnd() throws {
        var harness = Harness.pair()
        let job = try Self.submit(&harness, harness.submission(), by: .member)
        let other = try Self.submit(&harness, harness.submission(), from: Self.foreign, by: .colleague)
        harness.feed(.keysKnown([.member, .colleague]))
        #expect(harness.machine.jobs.count == 2)
        // Its owner's other key follows it too, and is told how it ends; who showed the key is told nothing any more.
        let watch = Watch(requestID: 9, job: job, tokenOffset: 0, byteOffset: 0)
        harness.feed(.watch(watch), from: Self.foreign, by: .colleague)
        harness.feed(.keysKnown([.colleague]))
        #expect(harness.report(job) == nil)
        let report = try #require(harness.report(job, Self.foreign))
        #expect(report.reason == .error && report.error?.code == .forbidden)
        #expect(report.error?.message.contains("revoked") == true)
        harness.settle()
        #expect(harness.report(other, Self.foreign)?.reason == .length)
        // What has ended stays its owner's.
        #expect(harness.machine.state(of: job, for: .colleague) == .finished)
    }

    /// Who may not see a job any more, because the list gives its key less than before, follows it no more.
    @Test func whoMayNotSeeAJobFollowsItNoMore() throws {
        var harness = Harness.pair()
        let job = try Self.submit(&harness, harness.submission(), by: .member)
        harness.feed(
            .watch(Watch(requestID: 9, job: job, tokenOffset: 0, byteOffset: 0)),
            from: Self.foreign,
            by: .administrator
        )
        var demoted = Principal.administrator
        demoted.isAdmin = false
        harness.feed(.keysKnown([.member, demoted]))
        let told = harness.messages(Self.foreign).count
        harness.settle()
        #expect(harness.report(job) != nil && harness.messages(Self.foreign).count == told)
    }

    /// A request that comes again, as its answer was long in coming, is answered the same and ends nothing more.
    @Test func aCancellationThatIsRepeatedEndsNothingMore() throws {
        var harness = Harness()
        let first = try Self.submit(&harness, harness.submission(), by: .member)
        let all = Message.cancelJobs(CancelJobs(requestID: 9, selection: .scope(.all)))
        let answer = Self.answers(&harness, to: [all], by: .member)
        let second = try Self.submit(&harness, harness.submission(), by: .member)
        #expect(Self.answers(&harness, to: [all], by: .member) == answer)
        #expect(answer == [.jobsCancelled(JobsCancelled(requestID: 9, cancelled: [first]))])
        #expect(harness.machine.state(of: second, for: .member) == .queued)
    }

    @Test func theJournalKnowsOwners() throws {
        var harness = Harness(keepsJournal: true)
        harness.feed(.submit(harness.submission()), by: .member)
        harness.feed(.submit(harness.submission()), by: .stranger)
        let (job, ended) = (harness.machine.jobs.keys[0], harness.machine.jobs.keys[1])
        harness.feed(.cancel(Cancel(requestID: 9, job: ended)), by: .stranger)
        let records = harness.records
        var next = Harness(keepsJournal: true)
        next.feed(.restored(JournaledJob.jobs(records)))
        #expect(next.machine.state(of: job, for: .colleague) == .queued)
        #expect(next.machine.state(of: job, for: .stranger) == nil)
        #expect(next.machine.state(of: ended, for: .stranger) == .finished)
        #expect(next.machine.state(of: ended, for: .member) == nil)
        // A key that was revoked while no coordinator ran takes its jobs with it.
        next.feed(.keysKnown([.stranger]))
        #expect(next.machine.state(of: job, for: .colleague) == .finished)
    }

    @Test func anOwnersJobsAreLimited() throws {
        var harness = Harness()
        var limited = Principal.member
        limited.limits.maxJobs = 2
        let jobs = (0..<2).compactMap { _ in harness.submit(harness.submission(), by: limited) }
        #expect(jobs.count == 2)
        #expect(harness.submit(harness.submission(), by: limited) == nil)
        let refusal = try #require(harness.refusals().last)
        #expect(refusal.code == .overloaded && refusal.retryAfterMilliseconds > 0)
        #expect(refusal.message.contains("owner team has 2 unfinished jobs"))
        // It is the owner's limit, and nobody else's.
        #expect(harness.submit(harness.submission(), by: .stranger) != nil)
        harness.feed(.cancel(Cancel(requestID: 9, job: jobs[0])), by: limited)
        #expect(harness.submit(harness.submission(), by: limited) != nil)
    }

    /// However many jobs an owner submits, the queue has room for others.
    @Test func nobodyFillsTheQueue() throws {
        var limits = Harness.fixed
        limits.queuedJobs = 100
        var harness = Harness(limits: limits)
        let flood = (0..<200).compactMap { _ in harness.submit(harness.submission(), by: .member) }
        #expect(flood.count == 50)
        let refusal = try #require(harness.refusals().last)
        #expect(refusal.code == .overloaded && refusal.message.contains("owner team has 50 jobs waiting"))
        let others = (0..<200).compactMap { _ in harness.submit(harness.submission(), by: .stranger) }
        #expect(others.count == 25)
        // Where there are no keys, the queue is everybody's.
        var open = Harness(limits: limits)
        #expect((0..<200).compactMap { _ in open.submit(open.submission()) }.count == 100)
    }

    /// Three owners with more jobs than run at once: by the time the first has no more, what they got is as their
    /// weights.
    @Test func ownersShareTheClusterByWeight() throws {
        var limits = Harness.fixed
        limits.maxNumSeqs = 6
        var harness = Harness.pair(limits: limits)
        let weights = [1, 2, 4]
        for (index, weight) in weights.enumerated() {
            var owner = Principal(owner: JobOwner(name: "owner \(index)", key: "key \(index)"), isAdmin: false)
            owner.limits.weight = weight
            for _ in 0..<100 { harness.submit(harness.submission(maxTokens: 20), by: owner) }
        }
        func used() -> [Double] {
            (0..<3).map { index in
                let usage = harness.machine.jobs.owners["owner \(index)"]?.usage ?? OwnerUsage()
                return Double(usage.promptTokens + usage.completionTokens)
            }
        }
        while (0..<3).allSatisfy({ (harness.machine.jobs.owners["owner \($0)"]?.jobs ?? 0) > 2 }) {
            harness.settle(steps: 20)
        }
        let shares = used().map { $0 / used().reduce(0, +) }
        for (share, weight) in zip(shares, weights) {
            #expect(abs(share * 7 / Double(weight) - 1) < 0.1, "\(shares)")
        }
    }

    /// A node's list says whose sequences it has: all owners' to an admin, its own owner's to everybody else.
    @Test func nodesTellWhoseSequencesTheyHave() throws {
        var harness = Harness.pair()
        harness.mute("expert")
        for principal in [Principal.member, .colleague, .stranger] {
            _ = try Self.submit(&harness, harness.submission(maxTokens: 200), by: principal)
        }
        harness.settle()
        func shares(_ principal: Principal, of node: String) throws -> [NodeSummary.Share] {
            let request = Message.nodesRequest(NodesRequest(requestID: 9))
            let answers = Self.answers(&harness, to: [request], by: principal)
            guard case .nodeList(let list)? = answers.last else { return [] }
            return try #require(list.nodes.first { $0.identity.name == node }).shares
        }
        let all = try shares(.administrator, of: "expert")
        #expect(all.map(\.owner) == ["team", "others"])
        #expect(all.map(\.sequences) == [2, 1])
        // The prompts are alike, and so are their pages.
        #expect(all[0].tokens == 2 * all[1].tokens && all[1].tokens > 0)
        #expect(try shares(.stranger, of: "expert") == [all[1]])
        #expect(try shares(.colleague, of: "expert") == [all[0]])
        #expect(try shares(Principal(owner: JobOwner(name: "nobody", key: "k"), isAdmin: false), of: "expert") == [])
        // Jobs that have ended hold nothing.
        harness.feed(.cancelJobs(CancelJobs(requestID: 10, selection: .scope(.all))), by: .administrator)
        harness.settle()
        #expect(try shares(.administrator, of: "expert") == [])
    }

    /// An owner's urgent jobs pass its others, and nobody else's.
    @Test func prioritiesAreAnOwnersOwn() throws {
        var limits = Harness.fixed
        limits.maxNumSeqs = 1
        var harness = Harness.pair(limits: limits)
        harness.mute("expert")
        func submit(_ priority: Priority, _ principal: Principal) throws -> JobID {
            var submit = harness.submission()
            submit.priority = priority
            return try Self.submit(&harness, submit, by: principal)
        }
        _ = try submit(.normal, .member)
        let low = try submit(.low, .member)
        let normal = try submit(.normal, .member)
        let high = try submit(.high, .member)
        let other = try submit(.low, .stranger)
        var order: [JobID] = []
        while let running = harness.machine.jobs.running.first {
            order.append(running)
            harness.feed(.cancel(Cancel(requestID: 9, job: running)))
        }
        #expect(order.filter { $0 != other }.dropFirst() == [high, normal, low])
        // The other owner had nothing yet: its turn comes before the member's second job, however little it hurries.
        #expect(order.firstIndex(of: other) == 1)
    }
}
