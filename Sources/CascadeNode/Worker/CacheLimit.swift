internal import CascadeModel

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
    func tokens(bytesPerToken: Int) throws(NodeError) -> Int {
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
