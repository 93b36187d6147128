/// What a cluster has counted since its coordinator started, and how it stands: the cluster's part of `/metrics`.
package struct ClusterMetrics: Equatable, Sendable {
    /// What one rule did.
    package struct RuleCounts: Equatable, Sendable {
        /// Its name, as `--rule` takes it.
        package var rule: String
        /// Tokens that it let stand without a coin.
        package var kept: UInt64
        /// Positions where it deferred to the expert's distribution.
        package var deferred: UInt64
        /// Accepted tokens that the expert's own distribution would have rejected.
        package var relaxed: UInt64

        /// Creates the value from its parts.
        package init(rule: String, kept: UInt64, deferred: UInt64, relaxed: UInt64) {
            self.rule = rule
            self.kept = kept
            self.deferred = deferred
            self.relaxed = relaxed
        }
    }

    /// The nodes of one role.
    package struct RoleState: Equatable, Sendable {
        /// `drafter` or `expert`.
        package var role: String
        /// Nodes that are connected and answer.
        package var nodesUp: Int
        /// Seconds in which they computed, of all nodes since each joined.
        package var busySeconds: Double
        /// Share of their key-value caches that is in use, 0...1; nil where that is not known.
        package var cacheUse: Double?

        /// Creates the value from its parts.
        package init(role: String, nodesUp: Int, busySeconds: Double, cacheUse: Double? = nil) {
            self.role = role
            self.nodesUp = nodesUp
            self.busySeconds = busySeconds
            self.cacheUse = cacheUse
        }
    }

    /// Rounds that had a draft: `num_drafts`.
    package var drafts: UInt64 = 0
    /// Tokens that were drafted.
    package var draftTokens: UInt64 = 0
    /// Those that were committed.
    package var acceptedTokens: UInt64 = 0
    /// Drafted rounds by number of accepted tokens: index 0 counts rounds that accepted none.
    package var acceptanceHistogram: [UInt64] = []
    /// What each rule did, for those that were used.
    package var rules: [RuleCounts] = []
    /// Tokens of prompts that were read.
    package var promptTokens: UInt64 = 0
    /// Tokens of answers.
    package var generatedTokens: UInt64 = 0
    /// Jobs that wait.
    package var queuedJobs: Int = 0
    /// Jobs at work.
    package var runningJobs: Int = 0
    /// Times that a sequence gave its place in a full cache up, to be read again later.
    package var preemptions: UInt64 = 0
    /// Jobs that have ended, by ending: `stop`, `length`, `cancelled` and `error`.
    package var endedJobs: [EndedJobs] = []
    /// Drafters and experts.
    package var roles: [RoleState] = []

    /// How many jobs ended in one way.
    package struct EndedJobs: Equatable, Sendable {
        /// The way.
        package var reason: String
        /// How many.
        package var count: UInt64

        /// Creates the value from its parts.
        package init(reason: String, count: UInt64) {
            self.reason = reason
            self.count = count
        }
    }

    /// A cluster that has done nothing.
    package init() {}
}
