import CascadeCore
import DequeModule
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
        answer.explanations.reduce(submit.byteCount + report.text.count + 5 * report.tokens.count) { $0 + $1.heldBytes }
            + (report.error?.message.utf8.count ?? 0)
    }
}

/// The reports of ended jobs, oldest first, bounded in number and bytes for all owners together. Where there is no room
/// for one more, the owner who has most of them gives up its oldest: however many jobs an owner ends, others keep
/// theirs up to an equal share of the room.
struct FinishedJobs: Sendable {
    /// What is kept of one owner.
    private struct Share: Sendable {
        /// Oldest first.
        var jobs: Deque<JobID> = []
        var bytes = 0
    }

    private(set) var jobs: OrderedDictionary<JobID, FinishedJob> = [:]
    /// Of owners that have any.
    private var shares: OrderedDictionary<String, Share> = [:]
    private var bytes = 0

    subscript(id: JobID) -> FinishedJob? { jobs[id] }

    mutating func insert(_ job: FinishedJob) {
        jobs[job.report.job] = job
        bytes += job.bytes
        shares[job.owner.name, default: Share()].jobs.append(job.report.job)
        shares[job.owner.name]?.bytes += job.bytes
    }

    /// How many were set aside.
    var setAsideCount: Int { jobs.values.count { $0.report.error?.code == .setAside } }

    /// Forgets a job that the limits have no room for: the oldest of the owner who has most jobs, or most bytes where
    /// those are too many; nil when all fit. The newest always stays.
    mutating func removeExcess(limits: CoordinatorLimits) -> FinishedJob? {
        guard let newest = jobs.keys.last, jobs.count > 1 else { return nil }
        let forgotten: JobID?
        if jobs.count > limits.finishedJobs {
            forgotten = oldestOfLargest(besides: newest) { $0.jobs.count }
        } else if bytes > limits.finishedBytes {
            forgotten = oldestOfLargest(besides: newest) { $0.bytes }
        } else {
            return nil
        }
        guard let forgotten, let job = jobs.removeValue(forKey: forgotten) else { return nil }
        bytes -= job.bytes
        let owner = job.owner.name
        shares[owner]?.jobs.removeFirst()
        shares[owner]?.bytes -= job.bytes
        if shares[owner]?.jobs.isEmpty == true { shares.removeValue(forKey: owner) }
        return job
    }

    /// The oldest job of the owner with the largest share who has another than `newest`; of equals, the one whose first
    /// job came first.
    private func oldestOfLargest(besides newest: JobID, _ size: (Share) -> Int) -> JobID? {
        var largest: (size: Int, oldest: JobID)?
        for share in shares.values {
            guard let oldest = share.jobs.first, oldest != newest else { continue }
            if largest.map({ size(share) > $0.size }) ?? true { largest = (size(share), oldest) }
        }
        return largest?.oldest
    }

    /// What is wrong with its state; nil as long as each job is one of its owner's, in order. O(owners).
    var brokenInvariant: String? {
        let counted = shares.values.reduce(0) { $0 + $1.jobs.count }
        if counted != jobs.count { return "\(counted) finished jobs are their owners', there are \(jobs.count)" }
        for (owner, share) in shares {
            guard let first = share.jobs.first, jobs[first]?.owner.name == owner else {
                return "the oldest finished job of owner \(owner) is not there"
            }
        }
        return nil
    }
}
