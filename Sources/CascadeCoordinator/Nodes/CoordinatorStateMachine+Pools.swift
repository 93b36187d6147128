import CascadeCore
import OrderedCollections

/// Which pools there are, for jobs and for the word on the cluster's health.
extension CoordinatorStateMachine {
    /// Pools that are remembered although their nodes have gone.
    private static var rememberedPools: Int { 64 }

    /// A node has joined a pool.
    mutating func noteService(ofPool name: String) {
        if servedPools.isEmpty { servedSince = now }
        servedPools.remove(name)
        servedPools.append(name)
        // One that is there is not forgotten, however many come and go.
        if servedPools.count > Self.rememberedPools, let gone = servedPools.first(where: { pools[$0] == nil }) {
            servedPools.remove(gone)
        }
    }

    /// Whether a pool has nodes, had some, or has an answer that was begun: its jobs wait for nodes, however long that
    /// takes.
    func isKnownPool(_ name: String) -> Bool { pools[name] != nil || servedPools.contains(name) }

    /// Why a pool's jobs wait for nobody; nil where they wait. A cluster that is being started, by hand or on slow
    /// disks, gets its time.
    func absence(ofPool name: String) -> String? {
        let settled =
            servedSince?.advanced(milliseconds: limits.poolMilliseconds)
            ?? startedAt.advanced(milliseconds: limits.loadingMilliseconds)
        guard !isKnownPool(name), now >= settled else { return nil }
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

    /// Pools whose pending jobs say how the cluster is doing: those that nodes have served, or all of them as long as
    /// there is none.
    var judgedPools: [String] {
        servedPools.isEmpty ? Array(movedAt.keys) : movedAt.keys.filter(servedPools.contains)
    }
}
