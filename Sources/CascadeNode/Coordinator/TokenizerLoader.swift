internal import CascadeCoordinator
internal import CascadeCore

/// Reads tokenizer blocks beside the reactor thread: a vocabulary of 150,000 tokens takes most of a second, in which
/// heartbeats must go on.
struct TokenizerLoader {
    /// What came of a pool's block.
    struct Loaded: Sendable {
        var pool: String
        var identity: TokenizerID
        var tokenizer: Result<PromptTokenizer, NodeError>
    }

    /// Most blocks that wait to be read: there are not more pools.
    private static let limit = 16

    private let work = SideWork<Loaded>(label: "cascade.tokenizer-loader")
    /// Pools whose block is being read, and whose tokenizer that is.
    private var pending: [String: TokenizerID] = [:]

    /// Reads a complete block and calls `wake` when ``take()`` has something. While one of the pool is being read,
    /// another of the same tokenizer is none too many: a node that was welcomed twice sends it twice, and may send it
    /// as often as it likes. Throws where the other is of another tokenizer.
    mutating func load(
        _ block: [UInt8],
        of identity: TokenizerID,
        pool: String,
        wake: @escaping @Sendable () -> Void
    ) throws(NodeError) {
        if let other = pending[pool], other == identity { return }
        guard pending.count < Self.limit, pending[pool] == nil else {
            throw .failed("tokenizer block of pool \(pool) while another is being read")
        }
        pending[pool] = identity
        work.run(
            { Loaded(pool: pool, identity: identity, tokenizer: Self.read(block, identity.vocabulary)) },
            wake: wake
        )
    }

    /// Takes what has been read since the last call.
    mutating func take() -> [Loaded] {
        let loaded = work.take()
        for loaded in loaded { pending[loaded.pool] = nil }
        return loaded
    }

    private static func read(_ block: [UInt8], _ vocabularyHash: Hash128) -> Result<PromptTokenizer, NodeError> {
        do {
            let tokenizer = try PromptTokenizer(block: block)
            guard tokenizer.vocabulary.hash == vocabularyHash else {
                return .failure(
                    .failed(
                        "tokenizer block has vocabulary \(tokenizer.vocabulary.hash), its sender said \(vocabularyHash)"
                    )
                )
            }
            return .success(tokenizer)
        } catch {
            return .failure(.failed("\(error)"))
        }
    }
}
