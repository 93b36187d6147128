/// A node asks to join; sent until it is welcomed or refused, and again whenever the coordinator's boot id changes.
package struct Hello: Equatable, Sendable {
    /// Who asks.
    package var identity: NodeIdentity
    /// What it does.
    package var role: NodeRole
    /// The pool it wants to join.
    package var pool: String
    /// Version and commit of its program, for people.
    package var software: String
    /// The model's name, for people.
    package var modelName: String
    /// Hash of the model file's size, header and a sample of each tensor: experts of a pool must agree.
    package var modelFingerprint: Hash128
    /// Hash of the token table: all nodes of a pool must agree.
    package var vocabularyHash: Hash128
    /// Number of tokens.
    package var vocabularyCount: UInt32
    /// Engine version and kernel contract: experts of a pool must agree (decisions.md 7).
    package var numericsID: String
    /// Most tokens of one sequence, prompt and answer together.
    package var contextLength: UInt32
    /// Tokens that its cache holds over all sequences.
    package var kvTokens: UInt32
    /// Tokens of a page of its cache, which one sequence takes whole.
    package var pageTokens: UInt32

    /// Those of nodes that do not say.
    package static let usualPageTokens: UInt32 = 64

    /// Names the cores that it computes on: nodes with the same name share them; empty where that is not known.
    package var host: String
    /// Whether it makes its answers up, to measure the service without models.
    package var isSynthetic: Bool
    /// What it knows of sampling settings, see ``SamplingSettings/version``: a job that needs more goes to others.
    package var samplingVersion: UInt32

    /// Creates the value from its parts.
    package init(
        identity: NodeIdentity,
        role: NodeRole,
        pool: String,
        software: String,
        modelName: String,
        modelFingerprint: Hash128,
        vocabularyHash: Hash128,
        vocabularyCount: UInt32,
        numericsID: String,
        contextLength: UInt32,
        kvTokens: UInt32,
        pageTokens: UInt32 = usualPageTokens,
        host: String = "",
        isSynthetic: Bool = false,
        samplingVersion: UInt32 = 0
    ) {
        self.identity = identity
        self.role = role
        self.pool = pool
        self.software = software
        self.modelName = modelName
        self.modelFingerprint = modelFingerprint
        self.vocabularyHash = vocabularyHash
        self.vocabularyCount = vocabularyCount
        self.numericsID = numericsID
        self.contextLength = contextLength
        self.kvTokens = kvTokens
        self.pageTokens = pageTokens
        self.host = host
        self.isSynthetic = isSynthetic
        self.samplingVersion = samplingVersion
    }
}

/// The coordinator takes a node in.
package struct Welcome: Equatable, Sendable {
    /// The coordinator's boot id: part of every fence from now on.
    package var boot: UInt64
    /// How often the coordinator pings; a node that hears nothing for four of these says hello again.
    package var heartbeatMilliseconds: UInt32
    /// Whether the coordinator lacks this vocabulary and asks for the tokenizer block in chunks.
    package var wantsTokenizer: Bool

    /// Creates the value from its parts.
    package init(boot: UInt64, heartbeatMilliseconds: UInt32, wantsTokenizer: Bool) {
        self.boot = boot
        self.heartbeatMilliseconds = heartbeatMilliseconds
        self.wantsTokenizer = wantsTokenizer
    }
}

/// The coordinator says no: to a node's hello or to a client's request.
package struct Refused: Equatable, Sendable {
    /// Why, for programs.
    package var code: RefusalCode
    /// Why and what to do, for people.
    package var message: String
    /// The client's request; 0 where a node is refused.
    package var requestID: UInt64
    /// When to try again; 0 where trying again will not help.
    package var retryAfterMilliseconds: UInt32

    /// Creates the value from its parts.
    package init(code: RefusalCode, message: String, requestID: UInt64 = 0, retryAfterMilliseconds: UInt32 = 0) {
        self.code = code
        self.message = message
        self.requestID = requestID
        self.retryAfterMilliseconds = retryAfterMilliseconds
    }
}

/// A part of an expert's tokenizer block: a GGUF file with the tokenizer's keys and no tensors. Parts come in order.
package struct TokenizerChunk: Equatable, Sendable {
    /// Which vocabulary the block describes.
    package var vocabularyHash: Hash128
    /// Size of the whole block.
    package var totalBytes: UInt32
    /// Where this part begins.
    package var offset: UInt32
    /// The part; a raw frame on the wire.
    package var bytes: [UInt8]

    /// Creates the value from its parts.
    package init(vocabularyHash: Hash128, totalBytes: UInt32, offset: UInt32, bytes: [UInt8]) {
        self.vocabularyHash = vocabularyHash
        self.totalBytes = totalBytes
        self.offset = offset
        self.bytes = bytes
    }
}

/// One point of a node's measured cost curve.
package struct CostPoint: Equatable, Sendable {
    /// Rows in one pass.
    package var rows: UInt32
    /// Median time of such a pass.
    package var milliseconds: Double

    /// Creates the value from its parts.
    package init(rows: UInt32, milliseconds: Double) {
        self.rows = rows
        self.milliseconds = milliseconds
    }
}

/// A welcomed node has loaded, warmed up and measured: work may come.
package struct Ready: Equatable, Sendable {
    /// The boot id of the welcome it follows.
    package var boot: UInt64
    /// Milliseconds per pass by number of rows, rows ascending.
    package var costs: [CostPoint]
    /// Requests that may be outstanding at once.
    package var credits: UInt32

    /// Creates the value from its parts.
    package init(boot: UInt64, costs: [CostPoint], credits: UInt32) {
        self.boot = boot
        self.costs = costs
        self.credits = credits
    }
}

/// The coordinator's heartbeat to a node.
package struct Ping: Equatable, Sendable {
    /// The coordinator's boot id.
    package var boot: UInt64
    /// Counts pings, echoed by the pong.
    package var number: UInt64

    /// Creates the value from its parts.
    package init(boot: UInt64, number: UInt64) {
        self.boot = boot
        self.number = number
    }
}

/// What a node's threads have done: tells a busy node from a stuck one.
package struct Progress: Equatable, Sendable {
    /// Passes finished since start.
    package var passes: UInt64
    /// Requests waiting or in work.
    package var pending: UInt32
    /// Tokens of the pages of its cache that sequences hold now.
    package var kvTokensUsed: UInt32
    /// Time spent in passes since start.
    package var busyMilliseconds: UInt64
    /// Tokens since start whose keys and values were not computed again because a page of the cache held them.
    package var prefixCacheHitTokens: UInt64
    /// Since its engine was ready, by its own clock.
    package var uptimeMilliseconds: UInt64
    /// Processor time that its process has used since start.
    package var cpuMilliseconds: UInt64
    /// How long requests have waited with no pass ended, once that is longer than any pass takes; 0 says that the
    /// engine is not stuck.
    package var stuckMilliseconds: UInt64

    /// Creates the value from its parts.
    package init(
        passes: UInt64,
        pending: UInt32,
        kvTokensUsed: UInt32,
        busyMilliseconds: UInt64,
        prefixCacheHitTokens: UInt64 = 0,
        uptimeMilliseconds: UInt64 = 0,
        cpuMilliseconds: UInt64 = 0,
        stuckMilliseconds: UInt64 = 0
    ) {
        self.passes = passes
        self.pending = pending
        self.kvTokensUsed = kvTokensUsed
        self.busyMilliseconds = busyMilliseconds
        self.prefixCacheHitTokens = prefixCacheHitTokens
        self.uptimeMilliseconds = uptimeMilliseconds
        self.cpuMilliseconds = cpuMilliseconds
        self.stuckMilliseconds = stuckMilliseconds
    }
}

/// A node's answer to a ping, sent by a thread that never computes.
package struct Pong: Equatable, Sendable {
    /// Echoed.
    package var boot: UInt64
    /// Echoed.
    package var number: UInt64
    /// What the node has done.
    package var progress: Progress
    /// The prompts that it reads, those that came first: ``SequenceReading/most`` at most.
    package var prompts: [SequenceReading]

    /// Creates the value from its parts.
    package init(boot: UInt64, number: UInt64, progress: Progress, prompts: [SequenceReading] = []) {
        self.boot = boot
        self.number = number
        self.progress = progress
        self.prompts = prompts
    }
}

/// How far a prompt is read.
package struct PromptReading: Equatable, Sendable {
    /// Tokens that are read; at most all.
    package var tokensRead: UInt32
    /// All of them.
    package var tokens: UInt32

    /// Creates the value from its parts.
    package init(tokensRead: UInt32, tokens: UInt32) {
        self.tokensRead = tokensRead
        self.tokens = tokens
    }
}

/// How far a node is with a sequence's prompt.
package struct SequenceReading: Equatable, Sendable {
    /// How many of them a heartbeat tells of.
    package static let most = 64

    /// The sequence.
    package var sequence: SequenceID
    /// How far its prompt is read.
    package var prompt: PromptReading

    /// Creates the value from its parts.
    package init(sequence: SequenceID, prompt: PromptReading) {
        self.sequence = sequence
        self.prompt = prompt
    }
}

/// Finish what you have, take nothing new, leave.
package struct Drain: Equatable, Sendable {
    /// The coordinator's boot id.
    package var boot: UInt64

    /// Creates the value from its parts.
    package init(boot: UInt64) {
        self.boot = boot
    }
}

/// A node leaves on purpose.
package struct Goodbye: Equatable, Sendable {
    /// Why, for people.
    package var reason: String

    /// Creates the value from its parts.
    package init(reason: String) {
        self.reason = reason
    }
}
