package import CascadeCore
import OrderedCollections

/// How full everything is that ``CoordinatorLimits`` bounds: for metrics, and for the simulator's checks.
package struct CoordinatorGauges: Equatable, Sendable {
    /// Jobs that wait, without those of an earlier coordinator.
    package var queuedJobs: Int
    /// Those of an earlier coordinator that wait.
    package var restoredJobs: Int
    /// Jobs with rounds running.
    package var runningJobs: Int
    /// Bytes of the submissions of both.
    package var jobBytes: Int
    /// Reports that are kept.
    package var finishedJobs: Int
    /// Submit keys that are known.
    package var submitKeys: Int
    /// Owners that are remembered.
    package var owners: Int
    /// Clients that follow a job, as counted.
    package var watchers: Int
    /// Clients that follow the job that has most of them.
    package var mostWatchers: Int
    /// Bytes of messages that wait for the journal.
    package var heldBytes: Int
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
        /// Whether work goes to it.
        package var state: NodeState
        /// Requests outstanding.
        package var inFlight: Int
        /// Requests that may be.
        package var credits: Int
        /// Tokens of the pages that its requests in work take.
        package var tokensAtWork: Int
        /// Tokens that its cache can hold.
        package var cacheTokens: Int
    }

    /// What is beyond its bound, in words; empty as long as the machine keeps its promise.
    package func excesses(over limits: CoordinatorLimits) -> [String] {
        let bounds = [
            ("queued jobs", queuedJobs, limits.queuedJobs),
            ("running jobs", runningJobs, limits.maxNumSeqs),
            ("bytes of jobs", jobBytes, limits.queuedBytes),
            ("finished jobs", finishedJobs, limits.finishedJobs),
            ("submit keys", submitKeys, queuedJobs + restoredJobs + runningJobs + finishedJobs),
            ("owners", owners, max(limits.owners, queuedJobs + restoredJobs + runningJobs) + 1),
            ("bytes of held messages", heldBytes, limits.heldBytes),
            ("watchers", watchers, limits.watchers),
            ("watchers of a job", mostWatchers, limits.watchersPerJob),
            ("pools", pools, limits.pools),
            ("vocabularies", vocabularies, pools + limits.unusedVocabularies),
            ("nodes", nodes.count, limits.nodes),
            ("requests of a job", mostRequestsPerJob, 2),
        ]
        var excesses = bounds.filter { $0.1 > $0.2 }.map { "\($0.1) \($0.0), at most \($0.2)" }
        for node in nodes {
            let name = node.identity.name
            // A node may take credits back while it owes answers: only the coordinator's own bound always holds.
            if node.inFlight > limits.credits {
                excesses.append("\(node.inFlight) requests at \(name), at most \(limits.credits)")
            }
            if node.tokensAtWork > node.cacheTokens {
                excesses.append("\(node.tokensAtWork) tokens at work at \(name), which holds \(node.cacheTokens)")
            }
        }
        return excesses
    }
}

extension CoordinatorStateMachine {
    /// Submissions that are known by their keys: ``CoordinatorGauges/submitKeys`` alone, O(1).
    package var submissionCount: Int { jobs.submissionCount }

    /// How full everything is. O(jobs + nodes * requests).
    package var gauges: CoordinatorGauges {
        var (restored, mostWatchers) = (0, 0)
        jobs.forEach { job in
            if job.isRestored, !job.isRunning { restored += 1 }
            mostWatchers = max(mostWatchers, job.watchers.count)
        }
        return CoordinatorGauges(
            queuedJobs: jobs.queuedCount - restored,
            restoredJobs: restored,
            runningJobs: jobs.running.count,
            jobBytes: jobs.bytes,
            finishedJobs: finished.jobs.count,
            submitKeys: jobs.submissionCount,
            owners: jobs.owners.count,
            watchers: jobs.watcherCount,
            mostWatchers: mostWatchers,
            heldBytes: gate.heldBytes,
            pools: pools.count,
            vocabularies: pools.vocabularyCount,
            nodes: nodes.elements.map { handle, node in
                CoordinatorGauges.NodeGauge(
                    identity: node.hello.identity,
                    state: node.state,
                    inFlight: requests.count(at: handle),
                    credits: node.credits,
                    tokensAtWork: tokensAtWork(at: handle),
                    cacheTokens: node.pages.capacity
                )
            },
            mostRequestsPerJob: jobs.running.map { requests.ofJob($0).count }.max() ?? 0
        )
    }
}
