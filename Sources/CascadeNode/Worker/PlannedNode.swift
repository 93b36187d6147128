package import CascadeModel
internal import CascadeText

/// A node that is to be started.
package struct PlannedNode: Sendable {
    /// `the drafter`, `the expert`.
    package var name: String
    /// The model file.
    package var path: String
    /// How a drafter slims its model.
    package var draftModel: DraftModelSettings
    /// What the cache holds.
    package var cacheLimit: CacheLimit
    /// Most rows of one pass.
    package var maxBatchedTokens: Int
    /// Compute threads.
    package var threads: Int
    /// How early exits move an expert's logits.
    package var sled: SLEDSettings?

    /// Creates a node.
    package init(
        name: String,
        path: String,
        draftModel: DraftModelSettings = DraftModelSettings(),
        cacheLimit: CacheLimit,
        maxBatchedTokens: Int,
        threads: Int,
        sled: SLEDSettings? = nil
    ) {
        self.name = name
        self.path = path
        self.draftModel = draftModel
        self.cacheLimit = cacheLimit
        self.maxBatchedTokens = maxBatchedTokens
        self.threads = threads
        self.sled = sled
    }

    /// What its model and engine need, and the size of its vocabulary.
    func need() throws -> (MemoryNeed, vocabulary: Int) {
        let file = try GGUFFile(path: path)
        let model = try ModelConfiguration(file)
        var load = LoadOptions(quantization: draftModel.quantization)
        // Only a trimmed head depends on what the tokens are, and reading them all takes a while.
        if draftModel.vocabulary > 0 {
            let definition = try file.tokenizerDefinition()
            load = try draftModel.loadOptions(definition, Tokenizer(definition).vocabulary)
        }
        let options = EngineOptions(
            threads: threads,
            contextTokens: try cacheLimit.tokens(bytesPerToken: model.cacheBytesPerToken),
            maximumRows: maxBatchedTokens,
            sled: sled
        )
        return (try MemoryNeed(file: file, load: load, engine: options), model.vocabulary)
    }
}
