internal import CascadeCore
internal import Dispatch
internal import Synchronization

/// Reads tokenizer blocks beside the reactor thread: a vocabulary of 150,000 tokens takes most of a second, in which
/// heartbeats must go on.
final class TokenizerLoader: Sendable {
    /// What came of a pool's block.
    struct Loaded: Sendable {
        var pool: String
        var vocabularyHash: Hash128
        var tokenizer: Result<PromptTokenizer, NodeError>
    }

    private let loaded = Mutex<[Loaded]>([])
    private let queue = DispatchQueue(label: "cascade.tokenizer-loader")

    /// Reads a complete block and calls `wake` when ``take()`` has something.
    func load(_ block: [UInt8], pool: String, vocabularyHash: Hash128, wake: @escaping @Sendable () -> Void) {
        queue.async { [self] in
            let result = Self.read(block, vocabularyHash: vocabularyHash)
            loaded.withLock { $0.append(Loaded(pool: pool, vocabularyHash: vocabularyHash, tokenizer: result)) }
            wake()
        }
    }

    /// Takes what has been read since the last call.
    func take() -> [Loaded] {
        loaded.withLock { loaded in
            defer { loaded = [] }
            return loaded
        }
    }

    private static func read(_ block: [UInt8], vocabularyHash: Hash128) -> Result<PromptTokenizer, NodeError> {
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
