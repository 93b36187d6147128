/// What an answer stands on from its first token to its last: whoever goes on with it must have the same.
package struct AnswerStart: Equatable, Sendable {
    /// Hash of the prompt's tokens.
    package var promptHash: Hash128
    /// Most tokens of the answer, cut to what the context holds.
    package var maxTokens: UInt32
    /// Hash of the pool's token table.
    package var vocabularyHash: Hash128
    /// Its number of tokens.
    package var vocabularyCount: UInt32
    /// The weights of the pool's experts.
    package var modelFingerprint: Hash128
    /// Their arithmetic.
    package var numericsID: String
    /// Their name, for people.
    package var modelName: String
    /// Whether the pool's nodes make answers up.
    package var isSynthetic: Bool
    /// From acceptance to the first request to a node.
    package var queueMilliseconds: Double

    /// Creates the value from its parts.
    package init(
        promptHash: Hash128,
        maxTokens: UInt32,
        vocabularyHash: Hash128,
        vocabularyCount: UInt32,
        modelFingerprint: Hash128,
        numericsID: String,
        modelName: String,
        isSynthetic: Bool,
        queueMilliseconds: Double
    ) {
        self.promptHash = promptHash
        self.maxTokens = maxTokens
        self.vocabularyHash = vocabularyHash
        self.vocabularyCount = vocabularyCount
        self.modelFingerprint = modelFingerprint
        self.numericsID = numericsID
        self.modelName = modelName
        self.isSynthetic = isSynthetic
        self.queueMilliseconds = queueMilliseconds
    }
}
