package import CascadeCore
package import CascadeHost
package import CascadeKeys
package import CascadeModel
package import CascadeText
internal import Foundation

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
    /// Most milliseconds of a pass in which a prompt is read while others decode; nil for
    /// what ``PassCosts/passesBetweenTokens`` passes of one token take.
    package var maxInterTokenMilliseconds: Double?
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
        maxInterTokenMilliseconds: Double? = nil,
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
        self.maxInterTokenMilliseconds = maxInterTokenMilliseconds
        self.credits = credits
        self.draftModel = draftModel
        self.sled = sled
        self.turnLock = turnLock
        self.synthetic = synthetic
        self.software = software
    }
}

/// How much the KV cache of a node holds over all sequences.
package enum CacheLimit: Equatable, Sendable {
    /// So many tokens; the memory follows from the model.
    case tokens(Int)
    /// So much memory; the tokens follow from the model.
    case memory(bytes: Int)

    /// Tokens that a cache may hold: two pages at least.
    package static let range = 128...16_777_216

    /// The limit in tokens for a model whose tokens take `bytesPerToken` bytes each; as many whole pages as fit into
    /// the memory.
    package func tokens(bytesPerToken: Int) throws(NodeError) -> Int {
        switch self {
        case .tokens(let count): return count
        case .memory(let bytes):
            let count = bytes / (bytesPerToken * Engine.pageTokens) * Engine.pageTokens
            guard Self.range.contains(count) else {
                throw .failed(
                    """
                    a cache of \(bytes) bytes holds \(count) tokens of this model, \(bytesPerToken) bytes each; it \
                    must hold \(Self.range.lowerBound) to \(Self.range.upperBound), which take \
                    \(Self.range.lowerBound * bytesPerToken) to \(Self.range.upperBound * bytesPerToken) bytes
                    """
                )
            }
            return count
        }
    }
}

/// How a drafter slims its model. The cluster's answers stay exact whatever it is: the rows that it samples from and
/// ships are the slim model's.
package struct DraftModelSettings: Equatable, Sendable {
    /// Tokens that the output head keeps; 0 keeps all.
    package var vocabulary: Int
    /// A file of token ids by frequency (``DraftVocabulary/order(_:vocabularyCount:)``); nil takes the order of ids.
    package var vocabularyFile: String?
    /// What matrices of larger types become; nil leaves them as they are.
    package var quantization: LoadOptions.Quantization?

    /// Creates settings; the default leaves the model as it is.
    package init(vocabulary: Int = 0, vocabularyFile: String? = nil, quantization: LoadOptions.Quantization? = nil) {
        self.vocabulary = vocabulary
        self.vocabularyFile = vocabularyFile
        self.quantization = quantization
    }

    /// What they mean for a model with that tokenizer.
    package func loadOptions(_ definition: TokenizerDefinition, _ vocabulary: Vocabulary) throws(NodeError)
        -> LoadOptions
    {
        var options = LoadOptions(quantization: quantization)
        guard self.vocabulary > 0 else { return options }
        options.headTokens = DraftVocabulary.tokens(
            self.vocabulary,
            of: definition,
            vocabulary,
            order: try order(vocabularyCount: vocabulary.count)
        )
        return options
    }

    private func order(vocabularyCount: Int) throws(NodeError) -> [Token] {
        guard let vocabularyFile else { return [] }
        do {
            let text = try String(contentsOfFile: vocabularyFile, encoding: .utf8)
            return try DraftVocabulary.order(text, vocabularyCount: vocabularyCount)
        } catch {
            throw .failed("draft vocabulary \(vocabularyFile): \(error)")
        }
    }
}
