/// What an owner may take of a cluster. Where a limit is nil, the coordinator's own alone count.
package struct OwnerLimits: Hashable, Sendable {
    /// Its share of the work, beside the other owners' weights.
    package var weight = 1
    /// Most jobs that have not ended.
    package var maxJobs: Int?
    /// Most sequences at work.
    package var maxNumSeqs: Int?
    /// Most tokens, of prompts and answers, in a minute.
    package var maxTokensPerMinute: Int?
    /// Most bytes of the submissions of its jobs that have not ended.
    package var maxQueuedBytes: Int?

    /// No limits.
    package init() {}

    /// The limits by the names that they have in options and in the list of keys, without dashes at the front.
    package static var names: [(name: String, path: WritableKeyPath<OwnerLimits, Int?>)] {
        [
            ("max-jobs", \.maxJobs), ("max-num-seqs", \.maxNumSeqs), ("max-tokens-per-minute", \.maxTokensPerMinute),
            ("max-queued-bytes", \.maxQueuedBytes),
        ]
    }
    /// What a weight may be.
    package static let weightRange = 1...1_000
    /// What any limit may be.
    package static let range = 1...1_000_000_000
}

/// What an owner was given.
package struct OwnerUsage: Equatable, Sendable {
    /// Jobs that have ended.
    package var jobs: UInt64 = 0
    /// Tokens of prompts.
    package var promptTokens: UInt64 = 0
    /// Tokens of answers.
    package var completionTokens: UInt64 = 0
    /// Rounds that were committed.
    package var rounds: UInt64 = 0
    /// Those of them with a draft.
    package var draftedRounds: UInt64 = 0

    /// Nothing.
    package init() {}

    /// All tokens.
    package var tokens: UInt64 { promptTokens + completionTokens }
}

/// What one owner has of a cluster, and had since the coordinator's start.
package struct OwnerStatus: Equatable, Sendable {
    /// Owners in one answer, at most.
    package static let most = 256

    /// Its name.
    package var name: String
    /// Its share of the work, beside the others' weights.
    package var weight: UInt32
    /// Jobs that wait.
    package var queuedJobs: UInt32
    /// Jobs with rounds running.
    package var runningJobs: UInt32
    /// What it was given.
    package var usage: OwnerUsage

    /// Creates the value from its parts.
    package init(name: String, weight: UInt32, queuedJobs: UInt32, runningJobs: UInt32, usage: OwnerUsage) {
        self.name = name
        self.weight = weight
        self.queuedJobs = queuedJobs
        self.runningJobs = runningJobs
        self.usage = usage
    }
}
