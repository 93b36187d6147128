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
            // One that runs waits for the expert that it lost.
            let ignorance = job.isRunning ? nil : ignorance(of: job.submit)
            guard let words = absence(ofPool: job.submit.pool) ?? ignorance else { continue }
            finish(job.id, .error, JobError(code: .badRequest, message: words))
        }
    }

    /// Why no expert of a job's pool can do what it asks for: they are older, and would leave out in silence what they
    /// do not know. Nil where one can, or where there is none at all.
    func ignorance(of submit: Submit) -> String? {
        let version = submit.samplingVersion
        guard version > 0 else { return nil }
        let known = nodes.values.compactMap { node -> UInt32? in
            node.hello.role == .expert && node.hello.pool == submit.pool ? node.hello.samplingVersion : nil
        }
        guard let newest = known.max(), newest < version else { return nil }
        if newest >= submit.sampling.version {
            return """
                no expert of pool \(submit.pool) can constrain answers by a grammar or schema: start nodes of a newer \
                version of cascade, or leave the constraint out
                """
        }
        return """
            the experts of pool \(submit.pool) run a version of cascade that knows no penalties and no logit bias: \
            start newer ones, or leave these settings out
            """
    }

    /// What is wrong with a job's bias for its pool's vocabulary; nil where nothing is, or where that is not known yet.
    func biasProblem(of submit: Submit) -> String? {
        pools[submit.pool].flatMap { submit.sampling.problem(vocabularyCount: $0.vocabularyCount) }
    }
}
