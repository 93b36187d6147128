internal import CascadeCore

/// Puts the chunks of an expert's tokenizer block together: the coordinator needs no model file.
struct TokenizerAssembly {
    /// Largest block that is taken; Qwen's is about 7 MB.
    private static let maximumBytes = 64 << 20

    /// The block of each pool as far as it has come; the state machine lets one node of a pool send at a time.
    private var parts: [String: [UInt8]] = [:]

    /// A pool is gone: so is what was sent for it.
    mutating func forget(_ pool: String) {
        parts[pool] = nil
    }

    /// Takes a chunk; returns the block with the last one. Throws when chunks do not fit together.
    mutating func add(_ chunk: TokenizerChunk, pool: String) throws(NodeError) -> [UInt8]? {
        guard chunk.totalBytes <= Self.maximumBytes else {
            throw .failed("tokenizer block of \(chunk.totalBytes) bytes, at most \(Self.maximumBytes) are taken")
        }
        var block = (chunk.offset == 0 ? nil : parts.removeValue(forKey: pool)) ?? []
        parts[pool] = nil
        guard Int(chunk.offset) == block.count, block.count + chunk.bytes.count <= Int(chunk.totalBytes) else {
            throw .failed("tokenizer chunk at \(chunk.offset), expected \(block.count)")
        }
        block += chunk.bytes
        if block.count == Int(chunk.totalBytes) { return block }
        parts[pool] = block
        return nil
    }
}
