internal import CascadeCore
package import CascadeText

/// A model file that can be served: its header has all that it takes and nothing that contradicts it.
///
/// This is decided here alone, for everybody who opens a model: what `model inspect` says is what a node does. Tensor
/// data is not read, so the weights themselves may still turn out to be broken.
package struct ServableModel: Sendable {
    /// The file, open.
    package let file: GGUFFile
    /// Hyper-parameters.
    package let configuration: ModelConfiguration
    /// What the file says of its tokenizer.
    package let definition: TokenizerDefinition
    /// The tokenizer.
    package let tokenizer: Tokenizer

    /// Opens and checks a file.
    package init(path: String) throws(ModelError) {
        try self.init(wrapped { () throws(GGUFError) in try GGUFFile(path: path) })
    }

    /// Checks a file that is open already.
    package init(_ file: GGUFFile) throws(ModelError) {
        self.file = file
        configuration = try ModelConfiguration(file)
        _ = try WeightPlan(file: file, configuration: configuration, options: LoadOptions())
        definition = try wrapped { () throws(GGUFError) in try file.tokenizerDefinition() }
        do throws(TokenizerError) {
            tokenizer = try Tokenizer(definition)
        } catch {
            throw .tokenizer(path: file.path, error)
        }
        // A row without a token could be drawn, and then nobody knows what it says.
        guard definition.tokens.count == configuration.vocabulary else {
            throw .contradiction(
                path: file.path,
                "key 'tokenizer.ggml.tokens' has \(definition.tokens.count) tokens",
                "tensor 'token_embd.weight' has \(configuration.vocabulary) rows"
            )
        }
        try checkMerges()
    }

    /// Throws when a merge names a text that is no token: it was made for another vocabulary.
    private func checkMerges() throws(ModelError) {
        let foreign = tokenizer.foreignMerges
        guard !foreign.isEmpty else { return }
        // Texts of special tokens count too; they are spelled as they are.
        let tokens = Set(definition.tokens)
        let special = Set(
            zip(definition.tokens, definition.kinds).filter { $0.1 != .normal }.map { ByteAlphabet.text(of: $0.0) }
        )
        for rank in foreign {
            let halves = definition.merges[rank].split(separator: 0x20, maxSplits: 1).map { [UInt8]($0) }
            for text in halves + [halves.flatMap { $0 }] where !tokens.contains(text) && !special.contains(text) {
                throw .contradiction(
                    path: file.path,
                    "key 'tokenizer.ggml.merges' names '\(String(decoding: text, as: UTF8.self))' in merge \(rank)",
                    "key 'tokenizer.ggml.tokens' has no such token"
                )
            }
        }
    }
}
