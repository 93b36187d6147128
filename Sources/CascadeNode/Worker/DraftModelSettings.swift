internal import CascadeCore
package import CascadeModel
internal import CascadeText
internal import Foundation

/// How a drafter slims its model. The cluster's answers stay exact whatever it is: the rows that it samples from and
/// ships are the slim model's.
package struct DraftModelSettings: Equatable, Sendable {
    /// Tokens that the output head keeps; 0 keeps all.
    package var vocabulary: Int
    /// A file of token ids by frequency (``DraftVocabulary/order(_:vocabularyCount:)``); nil takes the order of ids.
    package var vocabularyFile: String?
    /// What matrices of larger types become; nil leaves them as they are.
    package var quantization: LoadOptions.Quantization?

    /// Creates settings; the default leaves the model as it is.
    package init(vocabulary: Int = 0, vocabularyFile: String? = nil, quantization: LoadOptions.Quantization? = nil) {
        self.vocabulary = vocabulary
        self.vocabularyFile = vocabularyFile
        self.quantization = quantization
    }

    /// What they mean for a model with that tokenizer.
    func loadOptions(_ definition: TokenizerDefinition, _ vocabulary: Vocabulary) throws(NodeError) -> LoadOptions {
        var options = LoadOptions(quantization: quantization)
        guard self.vocabulary > 0 else { return options }
        options.headTokens = DraftVocabulary.tokens(
            self.vocabulary,
            of: definition,
            vocabulary,
            order: try order(vocabularyCount: vocabulary.count)
        )
        return options
    }

    private func order(vocabularyCount: Int) throws(NodeError) -> [Token] {
        guard let vocabularyFile else { return [] }
        do {
            let text = try String(contentsOfFile: vocabularyFile, encoding: .utf8)
            return try DraftVocabulary.order(text, vocabularyCount: vocabularyCount)
        } catch {
            throw .failed("draft vocabulary \(vocabularyFile): \(error)")
        }
    }
}
