import CascadeCore
import OrderedCollections
import Testing

@testable import CascadeCoordinator

/// Jobs that were in flight when the coordinator crashed are taken up with care, and set aside at the third crash
/// (decisions.md 26).
struct CrashTests {
    // MARK: Counting

    @Test(
        arguments: [
            ([.crash], 1), ([.crash, .crash], 2), ([.crash, .crash, .crash], nil), ([.stop, .stop, .stop, .stop], 0),
            ([.crash, .stop, .crash], 2), ([.stop, .crash, .crash, .stop, .stop], 2),
            ([.crash, .stop, .crash, .stop, .crash], nil),
        ] as [([CoordinatorEnd], Int?)]
    )
    func crashesCountAndStopsDoNot(ends: [CoordinatorEnd], crashes: Int?) throws {
        var life = CoordinatorLife()
        life.join(silentExpert: true)
        let job = life.submit("a prompt")
        for end in ends {
            life.sync()
            #expect(life.inWork == [job])
            life.begin(behind: end)
            life.join(silentExpert: true)
        }
        #expect(life.crashes(job) == crashes)
        #expect((life.ended(job)?.error?.code == .setAside) == (crashes == nil))
        #expect(life.harness.machine.transitions[.jobSetAside] == (crashes == nil ? 1 : 0))
        #expect(life.harness.machine.brokenInvariant == nil)
    }

    /// Who only waits is in flight at no crash.
    @Test func waitingIsNotCounted() {
        var limits = Harness.fixed
        limits.maxNumSeqs = 1
        var life = CoordinatorLife(limits: limits)
        life.join(silentExpert: true)
        let (first, second) = (life.submit("first"), life.submit("second"))
        for _ in 0..<3 {
            life.sync()
            #expect(life.inWork == [first])
            life.begin(behind: .crash)
            life.join(silentExpert: true)
            life.sync()
        }
        #expect(life.ended(first)?.error?.code == .setAside)
        #expect(life.crashes(second) == 0)
        #expect(life.inWork == [second])
    }

    /// A prompt that is being read may be what crashes the process; it is known before it is read again.
    @Test func readingIsCounted() {
        var life = CoordinatorLife()
        life.harness.readsPrompts = false
        life.join()
        let job = life.submit("a prompt that no template survives")
        let waiting = life.submit("another")
        for _ in 0..<3 {
            #expect(life.inWork == [job])
            life.begin(behind: .crash)
            guard life.crashes(job) != nil else { break }
            life.harness.readsPrompts = false
            life.harness.join(ToyNode("expert", .expert))
            #expect(life.harness.unreadPrompts.isEmpty, "it is not on disk that it is taken up")
            life.sync()
            #expect(life.harness.unreadPrompts.map(\.job) == [job])
        }
        #expect(life.ended(job)?.error?.code == .setAside)
        life.join()
        life.finish()
        #expect(life.ended(waiting)?.reason == .length)
    }

    /// What is set aside keeps its answer so far, says why, and stays set aside.
    @Test func whatIsSetAsideIsKept() throws {
        var life = CoordinatorLife()
        life.join()
        let job = life.submit("once upon")
        life.harness.settle(steps: 4)
        life.sync()
        for _ in 0..<3 {
            life.begin(behind: .crash)
            life.join(silentExpert: true)
        }
        let report = try #require(life.ended(job))
        let error = try #require(report.error)
        #expect(report.reason == .error && error.code == .setAside)
        #expect(error.message.hasPrefix("set aside: the job was in flight at 3 crashes of the coordinator; "))
        #expect(error.message.contains("submit the prompt as a new job"))
        #expect(!report.tokens.isEmpty && !report.text.isEmpty)
        #expect(report.counts.problem(emitted: report.tokens.count) == nil)
        life.sync()
        life.harness.watch(job)
        #expect(life.harness.report(job) == report)
        life.harness.feed(.statusRequest(StatusRequest(requestID: 4)))
        guard case .clusterStatus(let status) = life.harness.messages().last else {
            Issue.record("no status")
            return
        }
        #expect(status.setAsideJobs == 1 && status.suspectedJobs == 0)
        life.begin(behind: .stop)
        #expect(life.ended(job) == report)
        #expect(life.harness.records.isEmpty)
    }

    /// Records of a version that did not count: none was in flight.
    @Test func anEarlierJournalHasNoCrashes() {
        var life = CoordinatorLife()
        life.join(silentExpert: true)
        let job = life.submit("a prompt")
        life.sync()
        let records = life.harness.records.filter { $0.entry != .takenUp }
        let jobs = JournaledJob.jobs(records)
        #expect(jobs.map(\.id) == [job] && jobs.map(\.crashes) == [0])
    }

    // MARK: One at a time

    /// Three jobs that were in flight at two crashes, and the coordinator behind them.
    private static func suspects(roundsOnTrial: Int = 32) -> (life: CoordinatorLife, jobs: [JobID]) {
        var limits = Harness.fixed
        limits.roundsOnTrial = roundsOnTrial
        var life = CoordinatorLife(limits: limits)
        life.join(silentExpert: true)
        let jobs = ["one", "two", "three"].map { life.submit($0) }
        life.sync()
        life.begin(behind: .crash)
        life.join(silentExpert: true)
        for _ in jobs { life.sync() }
        #expect(life.inWork == jobs)
        life.begin(behind: .crash)
        return (life, jobs)
    }

    @Test func repeatedCrashesSetNoJobAsideThatIsNotAlone() {
        var (life, jobs) = Self.suspects()
        life.join(silentExpert: true)
        life.sync()
        for (index, job) in jobs.enumerated() {
            #expect(life.inWork == [job])
            #expect(life.harness.machine.brokenInvariant == nil)
            life.sync()
            life.begin(behind: .crash)
            #expect(life.ended(job)?.error?.code == .setAside)
            #expect(jobs.dropFirst(index + 1).allSatisfy { life.crashes($0) == 2 })
            life.join(silentExpert: true)
        }
    }

    @Test func theyAreAnsweredOneAfterTheOther() throws {
        var (life, jobs) = Self.suspects()
        life.harness.feed(.statusRequest(StatusRequest(requestID: 4, job: jobs[2])))
        life.join(silentExpert: true)
        for _ in 0..<3 { life.sync() }
        #expect(life.inWork == [jobs[0]])
        let job = try #require(life.harness.machine.jobs[jobs[2]])
        #expect(
            life.harness.machine.note(of: job)
                == "waiting: jobs that were in flight when the coordinator crashed are taken up one at a time"
        )
        // Who comes anew does not wait for them.
        let new = life.submit("new")
        life.sync()
        #expect(life.inWork == [jobs[0], new])
        life.harness.unmute("expert")
        var most = 0
        for _ in 0..<200 {
            life.sync()
            life.harness.settle(steps: 1)
            most = max(most, life.inWork.count { jobs.contains($0) })
        }
        life.finish()
        #expect(most == 1)
        for job in jobs + [new] { #expect(life.ended(job)?.reason == .length) }
        #expect(life.harness.machine.transitions[.jobOnTrial] >= 3)
        #expect(life.harness.machine.transitions[.jobAcquitted] == 0)
    }

    /// Whoever has made its rounds goes on beside the next one, and is not counted any more.
    @Test func roundsAcquit() {
        var (life, jobs) = Self.suspects(roundsOnTrial: 2)
        life.join()
        for _ in 0..<100 where life.harness.machine.transitions[.jobAcquitted] == 0 {
            life.sync()
            life.harness.settle(steps: 1)
        }
        #expect(life.harness.machine.transitions[.jobAcquitted] == 1)
        life.harness.mute("expert")
        life.sync()
        life.sync()
        #expect(life.inWork == [jobs[0], jobs[1]])
        #expect(life.harness.machine.jobs.trial?.id == jobs[1])
        life.begin(behind: .crash)
        #expect(life.crashes(jobs[0]) == 2 && life.crashes(jobs[2]) == 2)
        #expect(life.ended(jobs[1])?.error?.code == .setAside)
        life.join()
        life.finish()
        #expect(life.ended(jobs[0])?.reason == .length && life.ended(jobs[2])?.reason == .length)
    }

    /// One that nobody works on, as its expert is gone, holds nobody up.
    @Test func anIdleOneHoldsNobodyUp() {
        var life = CoordinatorLife()
        life.join(silentExpert: true)
        life.harness.join(ToyNode("far", .expert, pool: "far"))
        life.harness.mute("far")
        let near = life.submit("near")
        var submit = life.harness.submission("far")
        submit.pool = "far"
        submit.submitKey = Hash128(high: 1, low: 1)
        life.harness.feed(.submit(submit))
        let far = life.harness.machine.jobs.keys.last!
        for _ in 0..<2 {
            life.sync()
            #expect(life.inWork == [near, far])
            life.begin(behind: .crash)
            if life.records.count(where: { $0.entry == .takenUp && $0.job == far }) == 1 {
                life.harness.join(ToyNode("far", .expert, pool: "far"))
                life.harness.mute("far")
                life.join(silentExpert: true)
                for _ in 0..<3 { life.sync() }
            }
        }
        life.join(silentExpert: true)
        life.harness.join(ToyNode("far", .expert, pool: "far"))
        for _ in 0..<3 { life.sync() }
        #expect(life.inWork == [near])
        life.harness.now = life.harness.now.advanced(milliseconds: 10)
        life.harness.feed(.goodbye(Goodbye(reason: "")), from: life.harness.node("expert").peer)
        life.harness.wait(milliseconds: 2_000)
        life.finish()
        #expect(life.ended(far)?.reason == .length)
    }

    /// A new prompt that kills the process before anything of it is on disk would leave those in flight to be counted.
    @Test func aNewJobWaitsForTheDiskBesideOneThatWasInFlight() {
        var life = CoordinatorLife()
        life.join(silentExpert: true)
        let innocent = life.submit("innocent")
        life.sync()
        life.begin(behind: .crash)
        life.join(silentExpert: true)
        life.sync()
        life.harness.readsPrompts = false
        let poison = life.submit("poison")
        #expect(life.harness.unreadPrompts.isEmpty)
        life.sync()
        #expect(life.harness.unreadPrompts.map(\.job) == [poison])
        life.begin(behind: .crash)
        #expect(life.crashes(innocent) == 2 && life.crashes(poison) == 1)
    }

    /// One that waits for a slow disk is not taken for idle, or it would wait for ever.
    @Test func aSlowDiskIsWaitedFor() {
        var (life, jobs) = Self.suspects()
        life.harness.startLoading(ToyNode("expert", .expert))
        life.harness.mute("expert")
        for _ in 0..<4 { life.sync() }
        #expect(life.inWork.isEmpty, "their prompts are read, and there is no room")
        life.harness.feed(.ready(Ready(boot: 77, costs: [], credits: 8)), from: life.harness.node("expert").peer)
        #expect(life.inWork == [jobs[0]])
        life.harness.wait(milliseconds: 2_500, settling: false)
        #expect(life.harness.heldVerify("expert") == nil)
        life.sync()
        #expect(life.harness.heldVerify("expert")?.fence.sequence.job == jobs[0])
        #expect(life.harness.machine.brokenInvariant == nil)
    }

    /// A prompt that waits for the disk and is not wanted any more lets the next one be read.
    @Test func aHeldPromptMayBeCancelled() {
        var life = CoordinatorLife()
        let (first, second) = (life.submit("first"), life.submit("second"))
        life.begin(behind: .crash)
        life.harness.join(ToyNode("expert", .expert))
        #expect(life.inWork == [first])
        life.harness.feed(.cancel(Cancel(requestID: 1, job: first)))
        life.finish()
        #expect(life.ended(first)?.reason == .cancelled)
        #expect(life.ended(second)?.reason == .length)
    }
}
