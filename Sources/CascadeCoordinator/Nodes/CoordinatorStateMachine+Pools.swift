import CascadeCore
import OrderedCollections

/// Which pools there are, for jobs and for the word on the cluster's health.
extension CoordinatorStateMachine {
    /// Why a pool's jobs wait for nobody; nil where they wait. A cluster that is being started, by hand or on slow
    /// disks, gets its time.
    func absence(ofPool name: String) -> String? {
        let settled =
            pools.servedSince?.advanced(milliseconds: limits.poolMilliseconds)
            ?? startedAt.advanced(milliseconds: limits.loadingMilliseconds)
        guard !pools.isKnown(name), now >= settled else { return nil }
        let names = OrderedSet(nodes.values.map(\.hello.pool)).sorted().prefix(16).joined(separator: ", ")
        let others = names.isEmpty ? "no other pool has nodes either" : "there are: \(names)"
        return "no node serves a pool named \(name); \(others)"
    }

    /// Now and then: jobs that were accepted while the cluster was being started, for pools that never came. Those that
    /// an earlier coordinator accepted stay: it may have known better.
    mutating func refuseUnservedJobs() {
        for job in jobs.values where !job.isRestored {
            guard let absence = absence(ofPool: job.submit.pool) else { continue }
            finish(job.id, .error, JobError(code: .badRequest, message: absence))
        }
    }
}
