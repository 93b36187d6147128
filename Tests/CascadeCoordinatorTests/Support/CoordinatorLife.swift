import CascadeCore
import OrderedCollections

@testable import CascadeCoordinator

/// How a coordinator ends.
enum CoordinatorEnd: Sendable { case crash, stop }

/// Coordinators one after the other, on one disk.
struct CoordinatorLife {
    var limits = Harness.fixed
    /// All that is on the disk.
    private(set) var records: [JournalRecord] = []
    var harness: Harness

    init(limits: CoordinatorLimits = Harness.fixed) {
        self.limits = limits
        harness = Harness(limits: limits, keepsJournal: true)
        harness.feed(.restored([]))
    }

    /// The coordinator ends, and the next one finds what the disk has.
    mutating func begin(behind end: CoordinatorEnd) {
        if end == .stop { harness.feed(.shutdown) }
        records += harness.records
        harness = Harness(limits: limits, keepsJournal: true)
        harness.feed(.restored(JournaledJob.jobs(records)))
    }

    mutating func join(silentExpert: Bool = false, incarnation: UInt64 = 1) {
        harness.join(ToyNode("expert", .expert, incarnation: incarnation))
        if silentExpert { harness.mute("expert") }
        sync()
    }

    /// All that is written is on disk.
    mutating func sync() {
        harness.feed(.journaled(upTo: UInt64(harness.records.count)))
    }

    /// Runs until nothing is left to do.
    mutating func finish() {
        var known = 0
        repeat {
            known = harness.records.count
            sync()
            harness.settle()
        } while known < harness.records.count
        sync()
    }

    mutating func submit(_ prompt: String, maxTokens: UInt32 = 24) -> JobID {
        var submit = harness.submission(prompt, maxTokens: maxTokens)
        submit.submitKey = Hash128(high: 9, low: prompt.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) })
        harness.feed(.submit(submit))
        return harness.machine.jobs.keys.last!
    }

    /// Those that somebody works on.
    var inWork: [JobID] { harness.machine.jobs.values.filter(\.isInWork).map(\.id) }

    func ended(_ job: JobID) -> JobReport? { harness.machine.finished[job]?.report }

    func crashes(_ job: JobID) -> Int? { harness.machine.jobs[job]?.crashes }
}
