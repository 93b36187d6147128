/// What a model and an engine for it have resident once every part of them has been used, in bytes: worked out from the
/// file's header before anything is loaded.
package struct MemoryNeed: Equatable, Sendable {
    /// The weights as they lie in memory: repacked, the output head trimmed, matrices re-quantised; and the rows of the
    /// embedding.
    package var weights: Int
    /// The KV cache and the books on its pages.
    package var cache: Int
    /// Tokens that the cache holds.
    package var cacheTokens: Int
    /// Activations and logits of a pass, early exits among them.
    package var buffers: Int

    /// All of it.
    package var total: Int { weights + cache + buffers }

    /// Works out what `file` needs under these options; throws what loading it would throw about its header.
    package init(file: GGUFFile, load: LoadOptions, engine options: EngineOptions) throws(ModelError) {
        if let problem = options.problem { throw .invalidRequest(problem) }
        let configuration = try ModelConfiguration(file)
        let plan = try WeightPlan(file: file, configuration: configuration, options: load)
        let pages = PagePool.count(tokens: options.contextTokens)
        weights = plan.byteCount
        cacheTokens = pages * PagePool.pageTokens
        // At most 2^30 tokens of at most 2^32 bytes: no overflow.
        cache = pages * PagePool.residentByteCount(configuration)
        buffers =
            PassBuffers.Layout(
                configuration: configuration,
                headCount: load.headTokens?.count ?? configuration.vocabulary,
                maximumRows: options.maximumRows,
                maximumLogits: options.maximumLogits,
                threads: options.threads,
                longest: min(configuration.contextLength, cacheTokens)
            ).byteCount
        if let sled = options.sled {
            buffers +=
                EarlyExits.Layout(
                    layers: sled.layers.count,
                    width: configuration.width,
                    maximumRows: min(options.maximumRows, options.maximumLogits),
                    threads: options.threads
                ).byteCount
        }
    }

    /// Bytes of one page of the cache.
    package var cachePage: Int { cache / max(cacheTokens / PagePool.pageTokens, 1) }
}
