package import CascadeCore

/// Everything a model file says of its tokenizer, as it stands there; ``Tokenizer`` checks it.
package struct TokenizerDefinition: Sendable, Equatable {
    /// The algorithm: `gpt2` is byte-level byte-pair encoding.
    package var model: String
    /// The rule that splits a text into pieces before pairs are merged, such as `qwen2`; nil where the file names none.
    package var preTokenizer: String?
    /// Each token's text; ids are the indices. Normal tokens are spelled in the byte alphabet, all others as they are.
    package var tokens: [[UInt8]]
    /// Each token's kind.
    package var kinds: [TokenKind]
    /// Pairs to merge, best first: two texts of the byte alphabet with a space between.
    package var merges: [[UInt8]]
    /// The tokens that have a role.
    package var roles: [SpecialTokenRole: Token]
    /// Whether a prompt is to begin with the token of role `bos`.
    package var addsBOS: Bool
    /// The Jinja template that renders a chat.
    package var chatTemplate: String?

    /// Creates a definition.
    package init(
        model: String,
        preTokenizer: String?,
        tokens: [[UInt8]],
        kinds: [TokenKind],
        merges: [[UInt8]],
        roles: [SpecialTokenRole: Token] = [:],
        addsBOS: Bool = false,
        chatTemplate: String? = nil
    ) {
        self.model = model
        self.preTokenizer = preTokenizer
        self.tokens = tokens
        self.kinds = kinds
        self.merges = merges
        self.roles = roles
        self.addsBOS = addsBOS
        self.chatTemplate = chatTemplate
    }
}
