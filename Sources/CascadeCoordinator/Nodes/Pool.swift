package import CascadeCore

/// What all nodes of one name agree on. Fixed by the first node and kept as long as the pool has nodes, or sequences
/// that were begun with it.
struct Pool: Sendable {
    /// Its name.
    let name: String
    /// Hash of its token table.
    var vocabularyHash: Hash128
    /// Its number of tokens.
    var vocabularyCount: Int
    /// Whether its nodes make answers up.
    let isSynthetic: Bool
    /// What its experts agree on; nil before the first of them.
    var expertModel: ExpertModel?
    /// The expert that was asked for the tokenizer block, while the tokenizer is unknown.
    var tokenizerSource: NodeHandle?
    /// Until when it may take.
    var tokenizerDeadline = Instant(nanoseconds: 0)
    /// How drafts for all its sequences fare.
    var acceptance = DraftAcceptance()

    /// Its tokenizer; nil before the first expert.
    var tokenizer: TokenizerID? {
        expertModel.map { TokenizerID(model: $0.fingerprint, vocabulary: vocabularyHash) }
    }
}

/// Names the tokenizer of a pool's experts: pools of one expert model share it. Those that only have the same tokens do
/// not, because the model's file also says how a chat is written.
package struct TokenizerID: Hashable, Sendable {
    /// The fingerprint of the expert's file.
    package var model: Hash128
    /// The hash of its token table.
    package var vocabulary: Hash128

    /// Names the tokenizer of an expert.
    package init(_ expert: Hello) {
        self.init(model: expert.modelFingerprint, vocabulary: expert.vocabularyHash)
    }

    init(model: Hash128, vocabulary: Hash128) {
        (self.model, self.vocabulary) = (model, vocabulary)
    }
}

/// What makes two experts interchangeable, to the bit (decisions.md 7).
struct ExpertModel: Equatable, Sendable {
    var fingerprint: Hash128
    var numericsID: String
    var name: String

    init(fingerprint: Hash128, numericsID: String, name: String) {
        self.fingerprint = fingerprint
        self.numericsID = numericsID
        self.name = name
    }

    init(_ hello: Hello) {
        fingerprint = hello.modelFingerprint
        numericsID = hello.numericsID
        name = hello.modelName
    }

    /// Names may differ where the models do not.
    static func == (left: ExpertModel, right: ExpertModel) -> Bool {
        left.fingerprint == right.fingerprint && left.numericsID == right.numericsID
    }
}
