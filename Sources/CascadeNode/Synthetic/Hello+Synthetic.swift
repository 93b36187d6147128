internal import CascadeCore
internal import CascadeText

extension Hello {
    /// What a synthetic node says of itself. Throws where its cache is given in bytes, which it does not have.
    static func synthetic(
        _ settings: SyntheticSettings,
        _ configuration: NodeConfiguration,
        incarnation: UInt64
    ) throws(NodeError) -> Hello {
        if let problem = settings.problem { throw .failed("synthetic node: \(problem)") }
        guard case .tokens(let kvTokens) = configuration.cacheLimit else {
            throw .failed("a synthetic node's cache holds no bytes: give its size in tokens")
        }
        let vocabulary: Vocabulary
        do {
            vocabulary = try SyntheticTokenizer.vocabulary(acceptance: settings.acceptance)
        } catch {
            throw .failed("\(error)")
        }
        return Hello(
            identity: NodeIdentity(name: configuration.nodeName, incarnation: incarnation),
            role: configuration.role,
            pool: configuration.pool,
            software: configuration.software,
            modelName: settings.modelName,
            modelFingerprint: vocabulary.hash,
            vocabularyHash: vocabulary.hash,
            vocabularyCount: UInt32(vocabulary.count),
            numericsID: "synthetic",
            contextLength: UInt32(min(configuration.contextLength ?? kvTokens, kvTokens)),
            kvTokens: UInt32(kvTokens),
            pageTokens: 1,
            // It sleeps through its passes, so it shares its cores with nobody.
            host: configuration.nodeName,
            isSynthetic: true,
            // What its answers say is made up: no grammar can be kept to.
            samplingVersion: OutputConstraint.version - 1
        )
    }
}
