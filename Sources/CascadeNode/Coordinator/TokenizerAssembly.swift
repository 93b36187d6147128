internal import CascadeCore
internal import CascadeModel
internal import CascadeText

/// Puts the chunks of an expert's tokenizer block together and reads it: the coordinator needs no model file.
struct TokenizerAssembly {
    /// Largest block that is taken; Qwen's is about 7 MB.
    static let maximumBytes = 64 << 20
    /// The block of each pool as far as it has come; the state machine lets one node of a pool send at a time.
    private var parts: [String: [UInt8]] = [:]

    /// Takes a chunk; returns the tokenizer with the last one. Throws when chunks do not fit together or the block is not
    /// what its sender's hello said.
    mutating func add(_ chunk: TokenizerChunk, pool: String) throws -> PromptTokenizer? {
        guard chunk.totalBytes <= Self.maximumBytes else {
            throw NodeError.failed(
                "tokenizer block of \(chunk.totalBytes) bytes, at most \(Self.maximumBytes) are taken"
            )
        }
        var block = chunk.offset == 0 ? [] : parts[pool] ?? []
        guard Int(chunk.offset) == block.count, block.count + chunk.bytes.count <= Int(chunk.totalBytes) else {
            parts[pool] = nil
            throw NodeError.failed("tokenizer chunk at \(chunk.offset), expected \(block.count)")
        }
        block += chunk.bytes
        guard block.count == Int(chunk.totalBytes) else {
            parts[pool] = block
            return nil
        }
        parts[pool] = nil
        let tokenizer = try PromptTokenizer(block: block)
        guard tokenizer.vocabulary.hash == chunk.vocabularyHash else {
            throw NodeError.failed(
                "tokenizer block has vocabulary \(tokenizer.vocabulary.hash), its sender said \(chunk.vocabularyHash)"
            )
        }
        return tokenizer
    }
}
