import CascadeCore
import OrderedCollections

/// A job that has ended.
struct FinishedJob: Sendable {
    let owner: JobOwner
    let submit: Submit
    /// When this coordinator accepted it, or found it in its journal.
    let acceptedAt: Instant
    /// How old it was then, at least.
    var earlierMilliseconds = 0.0
    let answer: FinishedAnswer

    var report: JobReport { answer.report }

    /// Bytes that keeping it costs, about.
    var bytes: Int {
        submit.byteCount + report.text.count + 5 * report.tokens.count
            + MemoryLayout<Explanation>.stride * answer.explanations.count + (report.error?.message.utf8.count ?? 0)
    }
}

/// The reports of ended jobs, oldest first, bounded in number and bytes.
struct FinishedJobs: Sendable {
    private(set) var jobs: OrderedDictionary<JobID, FinishedJob> = [:]
    private var bytes = 0

    subscript(id: JobID) -> FinishedJob? { jobs[id] }

    mutating func insert(_ job: FinishedJob) {
        jobs[job.report.job] = job
        bytes += job.bytes
    }

    /// How many were set aside.
    var setAsideCount: Int { jobs.values.count { $0.report.error?.code == .setAside } }

    /// Forgets the oldest job that the limits have no room for; nil when all fit. The newest always stays.
    mutating func removeExcess(limits: CoordinatorLimits) -> FinishedJob? {
        guard jobs.count > 1, jobs.count > limits.finishedJobs || bytes > limits.finishedBytes else { return nil }
        let oldest = jobs.removeFirst().value
        bytes -= oldest.bytes
        return oldest
    }
}
