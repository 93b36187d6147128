internal import CascadeCore
internal import CascadeModel
internal import CascadeText

/// One model of a ``LocalPair``, loaded and measured as a node does it.
struct LocalNode {
    /// What it says of itself when it joins.
    let hello: Hello
    /// Milliseconds per pass by number of rows.
    let costs: [CostPoint]
    let engine: Engine
    let tokenizer: PromptTokenizer

    init(role: NodeRole, path: String, settings: LocalPair.Settings) throws(NodeError) {
        do {
            let servable = try ServableModel(path: path)
            tokenizer = try PromptTokenizer(path: path)
            let slimming = role == .drafter ? settings.draftModel : DraftModelSettings()
            let loadOptions = try slimming.loadOptions(servable.definition, tokenizer.vocabulary)
            let model = try Model.load(servable, options: loadOptions)
            let kvTokens = try settings.cacheLimit.tokens(bytesPerToken: model.configuration.cacheBytesPerToken)
            engine = try Engine(
                model: model,
                options: EngineOptions(
                    threads: settings.threads,
                    contextTokens: kvTokens,
                    maximumRows: settings.maxBatchedTokens
                )
            )
            costs = try engine.measureCosts(rows: EngineThread.measuredRows.filter { $0 <= settings.maxBatchedTokens })
                .map { CostPoint(rows: UInt32($0.rows), milliseconds: $0.milliseconds) }
            hello = Hello(
                identity: NodeIdentity(name: role.rawValue, incarnation: 1),
                role: role,
                pool: "default",
                software: "",
                modelName: role.rawValue,
                modelFingerprint: try servable.file.fingerprint(),
                vocabularyHash: tokenizer.vocabulary.hash,
                vocabularyCount: UInt32(tokenizer.vocabulary.count),
                numericsID: Model.numericsID,
                contextLength: UInt32(engine.maximumLength),
                kvTokens: UInt32(kvTokens)
            )
        } catch {
            throw .failed("\(error)")
        }
    }
}
