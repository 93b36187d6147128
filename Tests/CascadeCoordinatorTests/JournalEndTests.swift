import CascadeCore
import OrderedCollections
import Testing

@testable import CascadeCoordinator

/// Ends of jobs beside a journal: of the coordinator, of peers, and of what a job was begun with.
struct JournalEndTests {
    private static func harness(limits: CoordinatorLimits = Harness.fixed, _ records: [JournalRecord] = []) -> Harness {
        var harness = Harness(limits: limits, keepsJournal: true)
        harness.feed(.restored(JournaledJob.jobs(records)))
        return harness
    }

    /// Where nobody will take jobs up, clients are told as without a journal, and no later coordinator revives them.
    @Test func jobsThatEndWithTheirCoordinator() {
        var harness = Self.harness()
        harness.submit(harness.submission())
        let job = harness.records[0].job
        harness.feed(.endJobs)
        #expect(harness.messages().isEmpty)
        harness.feed(.journaled(upTo: UInt64(harness.records.count)))
        #expect(harness.report(job)?.error?.code == .shuttingDown)
        harness.feed(.shutdown)
        #expect(harness.hasExited)
        let second = Self.harness(harness.records)
        #expect(second.machine.jobs.count == 0)
        #expect(second.machine.finished[job]?.report.error?.code == .shuttingDown)
    }

    /// A job that was begun where there was more room ends, and does not hold up those behind it.
    @Test func aJobThatFitsNoMore() throws {
        var first = Self.harness()
        first.join(ToyNode("expert", .expert, contextLength: 512))
        first.submit(first.submission(maxTokens: 400))
        first.settle(steps: 12)
        let job = first.records[0].job
        try #require(first.records.count > 1)
        var second = Self.harness(first.records)
        second.join(ToyNode("expert", .expert, contextLength: 128))
        second.watch(job)
        var another = second.submission("another", maxTokens: 4)
        // Keys of both harnesses begin at the same number.
        another.submitKey = Hash128(high: 4, low: 1)
        second.submit(another)
        for _ in 0..<8 {
            second.feed(.journaled(upTo: UInt64(second.records.count)))
            second.settle()
        }
        let error = try #require(second.report(job)?.error)
        #expect(error.code == .contextExceeded && error.message.contains("128 now"), "\(error.message)")
        #expect(second.machine.finished.jobs.count == 2)
        #expect(second.machine.transitions[.jobFailed] == 1)
    }

    /// What a client takes for the answer to its submission does not overtake the word that it was accepted.
    @Test func aRefusalDoesNotOvertake() {
        var limits = Harness.fixed
        limits.watchers = 1
        var harness = Self.harness(limits: limits)
        harness.submit(harness.submission())
        let late = PeerID(Array("late".utf8))
        harness.submit(harness.submission("second"), from: late)
        #expect(harness.messages(late).isEmpty)
        harness.feed(.journaled(upTo: UInt64(harness.records.count)))
        guard case .accepted = harness.messages(late).first, case .refused(let refused) = harness.messages(late).last
        else {
            Issue.record("\(harness.messages(late))")
            return
        }
        #expect(refused.code == .overloaded)
    }

    @Test func nothingIsKeptForAPeerThatIsGone() {
        var harness = Self.harness()
        harness.submit(harness.submission())
        let late = PeerID(Array("late".utf8))
        harness.submit(harness.submission("second"), from: late)
        #expect(harness.machine.gate.holds(for: late))
        harness.feed(.peerLost(late))
        #expect(harness.machine.isAwaitingDisk && !harness.machine.gate.holds(for: late))
        #expect(harness.machine.gate.brokenInvariant == nil)
        harness.feed(.journaled(upTo: UInt64(harness.records.count)))
        #expect(harness.messages(late).isEmpty)
        #expect(harness.machine.gate.heldBytes == 0)
    }

    /// The oldest end is forgotten first, not the job that was submitted first.
    @Test func endsAreKeptInTheirOrder() throws {
        var first = Self.harness()
        first.submit(first.submission("elsewhere", maxTokens: 2))
        let long = first.records[0].job
        first.submit(first.submission("two", maxTokens: 2))
        let short = first.records[1].job
        for job in [short, long] { first.feed(.cancel(Cancel(requestID: 1, job: job))) }
        var limits = Harness.fixed
        limits.finishedJobs = 1
        var second = Self.harness(limits: limits, first.records)
        #expect(second.machine.finished[long] != nil && second.machine.finished[short] == nil)
        second.feed(.watch(Watch(requestID: 1, job: short, tokenOffset: 0, byteOffset: 0)))
        #expect(second.refusals().last?.code == .unknownJob)
    }

    /// A later coordinator's limits are no reason to forget an answer that is there.
    @Test func anAnswerStaysWhateverIsAllowedNow() {
        var first = Self.harness()
        first.submit(first.submission(maxTokens: 20))
        let job = first.records[0].job
        first.feed(.cancel(Cancel(requestID: 1, job: job)))
        var limits = Harness.fixed
        limits.job.answerTokens = 10
        let second = Self.harness(limits: limits, first.records)
        #expect(second.machine.finished[job]?.report.reason == .cancelled)
    }
}
