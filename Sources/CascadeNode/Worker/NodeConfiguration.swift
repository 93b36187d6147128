package import CascadeCore
package import CascadeModel

/// What a drafter or expert process is told at its start.
package struct NodeConfiguration: Sendable {
    /// What it does.
    package var role: NodeRole
    /// The model file; empty for a synthetic node.
    package var modelPath: String
    /// The coordinator's endpoint, e.g. `tcp://127.0.0.1:5570`.
    package var endpoint: String
    /// The key to show there; nil where none is needed.
    package var key: ConnectionKey?
    /// The pool to join.
    package var pool: String
    /// The node's name in the cluster.
    package var nodeName: String
    /// Compute threads.
    package var threads: Int
    /// Most tokens of one sequence; nil takes the model's own limit, cut to what the cache holds.
    package var contextLength: Int?
    /// What the cache holds over all sequences.
    package var cacheLimit: CacheLimit
    /// Most rows of one pass; longer prompts are fed in several.
    package var maxBatchedTokens: Int
    /// Requests that may be outstanding at once.
    package var credits: Int
    /// How a drafter slims its model; an expert's is the default.
    package var draftModel: DraftModelSettings
    /// How early exits move an expert's logits; nil leaves them as they are.
    package var sled: SLEDSettings?
    /// How it takes turns with other processes of its host.
    package var turnLock: TurnLockChoice
    /// Makes the node a synthetic one; nil for a model.
    package var synthetic: SyntheticSettings?
    /// Version and commit, for the node table.
    package var software: String
    /// Told whenever it is ready for work, with the boot id of its coordinator.
    package var serving: (@Sendable (_ boot: UInt64) -> Void)?
    /// Told when it ends because an operator drained it.
    package var drained: (@Sendable () -> Void)?

    /// Creates a configuration.
    package init(
        role: NodeRole,
        modelPath: String,
        endpoint: String,
        key: ConnectionKey? = nil,
        pool: String,
        nodeName: String,
        threads: Int,
        contextLength: Int?,
        cacheLimit: CacheLimit,
        maxBatchedTokens: Int,
        credits: Int,
        draftModel: DraftModelSettings = DraftModelSettings(),
        sled: SLEDSettings? = nil,
        turnLock: TurnLockChoice = .automatic,
        synthetic: SyntheticSettings? = nil,
        software: String
    ) {
        self.role = role
        self.modelPath = modelPath
        self.endpoint = endpoint
        self.key = key
        self.pool = pool
        self.nodeName = nodeName
        self.threads = threads
        self.contextLength = contextLength
        self.cacheLimit = cacheLimit
        self.maxBatchedTokens = maxBatchedTokens
        self.credits = credits
        self.draftModel = draftModel
        self.sled = sled
        self.turnLock = turnLock
        self.synthetic = synthetic
        self.software = software
    }
}
