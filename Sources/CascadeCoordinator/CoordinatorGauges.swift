package import CascadeCore
import OrderedCollections

/// How full everything is that ``CoordinatorLimits`` bounds: for metrics, and for the simulator's checks.
package struct CoordinatorGauges: Equatable, Sendable {
    /// Jobs that wait.
    package var queuedJobs: Int
    /// Jobs with rounds running.
    package var runningJobs: Int
    /// Bytes of the submissions of both.
    package var jobBytes: Int
    /// Reports that are kept.
    package var finishedJobs: Int
    /// Submit keys that are known.
    package var submitKeys: Int
    /// Clients that follow a job, as counted.
    package var watchers: Int
    /// Clients that follow the job that has most of them.
    package var mostWatchers: Int
    /// Pools.
    package var pools: Int
    /// Vocabularies.
    package var vocabularies: Int
    /// Live nodes, in the order they joined.
    package var nodes: [NodeGauge]
    /// The most requests that are outstanding for one job.
    package var mostRequestsPerJob: Int

    /// One live node.
    package struct NodeGauge: Equatable, Sendable {
        /// Who.
        package var identity: NodeIdentity
        /// Requests outstanding.
        package var inFlight: Int
        /// Requests that may be.
        package var credits: Int
        /// Tokens that its sequences may come to hold.
        package var reservedTokens: Int
    }
}

extension CoordinatorStateMachine {
    /// Jobs that have not ended, oldest first.
    var activeJobs: [Job] { Array(jobs.values) }

    /// How full everything is. O(jobs + nodes * requests).
    package var gauges: CoordinatorGauges {
        CoordinatorGauges(
            queuedJobs: jobs.count - running.count,
            runningJobs: running.count,
            jobBytes: jobBytes,
            finishedJobs: finished.jobs.count,
            submitKeys: submissions.count,
            watchers: watcherCount,
            mostWatchers: activeJobs.map(\.watchers.count).max() ?? 0,
            pools: pools.count,
            vocabularies: vocabularies.count,
            nodes: nodes.elements.map { handle, node in
                CoordinatorGauges.NodeGauge(
                    identity: node.hello.identity,
                    inFlight: inFlight(at: handle),
                    credits: node.credits,
                    reservedTokens: load(of: handle).tokens
                )
            },
            mostRequestsPerJob: running.map { id in requests.count { $0.job == id } }.max() ?? 0
        )
    }
}
