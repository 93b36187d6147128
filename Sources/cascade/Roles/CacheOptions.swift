internal import ArgumentParser
internal import CascadeHost
internal import CascadeNode

/// How much the cache of a node holds: in tokens or in memory.
struct CacheOptions: ParsableArguments {
    /// What a cache holds where nothing is said.
    static let defaultTokens = 16_384

    @Option(help: "Tokens that a node's KV cache holds, over all sequences (default: \(defaultTokens)).")
    var kvTokens: Int?

    @Option(
        help: ArgumentHelp(
            "Size of a node's KV cache in memory instead of tokens, e.g. 2GiB.",
            valueName: "size"
        )
    )
    var kvCacheMemoryBytes: ByteSize?

    func validate() throws {
        if let kvTokens {
            guard kvCacheMemoryBytes == nil else {
                throw ValidationError("give --kv-tokens or --kv-cache-memory-bytes, not both")
            }
            let range = CacheLimit.range
            guard range.contains(kvTokens) else {
                throw ValidationError("--kv-tokens must be \(range.lowerBound) to \(range.upperBound)")
            }
        }
    }

    /// The limit that was chosen.
    var limit: CacheLimit {
        kvCacheMemoryBytes.map { .memory(bytes: $0.bytes) } ?? .tokens(kvTokens ?? Self.defaultTokens)
    }

    /// The options as given, for another process.
    var arguments: [String] {
        (kvTokens.map { ["--kv-tokens", "\($0)"] } ?? [])
            + (kvCacheMemoryBytes.map { ["--kv-cache-memory-bytes", "\($0.bytes)"] } ?? [])
    }
}

extension MemoryDemand.Settings {
    /// Those of nodes where nothing is said.
    static var usual: MemoryDemand.Settings {
        MemoryDemand.Settings(
            cacheLimit: .tokens(CacheOptions.defaultTokens),
            maxBatchedTokens: NodeOptions.defaultMaxBatchedTokens,
            threads: AvailableCores.count()
        )
    }
}
