package import CascadeCore

/// A byte-level byte-pair tokenizer: text to tokens and back.
///
/// Text is bytes, usually UTF-8. Special tokens written out in it are split off first; what lies between is split into
/// pieces by the model's rule, and each piece is merged from bytes to tokens. Bytes that are not valid UTF-8 are
/// encoded as they are, so that decoding gives back exactly what was encoded (except ``missingBytes``).
package final class Tokenizer: Sendable {
    /// Names of the algorithms that are supported: GGUF's `tokenizer.ggml.model`.
    package static let supportedModels = ["gpt2"]
    /// Names of the splitting rules that are supported: GGUF's `tokenizer.ggml.pre`.
    package static let supportedPreTokenizers = PreTokenizer.allCases.map(\.rawValue)

    /// What the pure side knows of this tokenizer.
    package let vocabulary: Vocabulary
    /// The tokens that have a role.
    package let roles: [SpecialTokenRole: Token]
    /// Whether a prompt is to begin with the token of role `bos`.
    package let addsBOS: Bool
    /// The Jinja template that renders a chat, if the model has one.
    package let chatTemplate: String?

    private let preTokenizer: PreTokenizer
    private let merger: PairMerger
    private let specials: SpecialTokenMatcher
    /// Texts of the tokens that show as nothing: control tokens, unused ones and the like.
    private let hiddenTexts: [Token: [UInt8]]

    /// Checks a definition and builds the tables.
    package init(_ definition: TokenizerDefinition) throws(TokenizerError) {
        guard Tokenizer.supportedModels.contains(definition.model) else {
            throw .unsupportedModel(definition.model, supported: Tokenizer.supportedModels)
        }
        guard let preTokenizer = definition.preTokenizer.flatMap(PreTokenizer.init(rawValue:)) else {
            throw .unsupportedPreTokenizer(definition.preTokenizer, supported: Tokenizer.supportedPreTokenizers)
        }
        try Tokenizer.checkSizes(definition)
        self.preTokenizer = preTokenizer
        roles = definition.roles
        addsBOS = definition.addsBOS
        chatTemplate = definition.chatTemplate
        let endTokens = Tokenizer.endTokens(definition)
        specials = SpecialTokenMatcher(
            tokens: definition.tokens,
            kinds: definition.kinds,
            steering: Set(definition.roles.values).union(endTokens)
        )

        var spelled: [[UInt8]?] = []
        var shown: [[UInt8]] = []
        var hidden: [Token: [UInt8]] = [:]
        for (id, (text, kind)) in zip(definition.tokens, definition.kinds).enumerated() {
            switch kind {
            case .normal:
                spelled.append(ByteAlphabet.bytes(of: text))
                // A text outside the alphabet is one that somebody added as it is.
                shown.append(spelled[id] ?? text)
            case .userDefined:
                spelled.append(nil)
                shown.append(text)
            case .unknown, .control, .unused, .byte:
                spelled.append(nil)
                shown.append([])
                hidden[Token(id)] = text
            }
        }
        hiddenTexts = hidden
        merger = try PairMerger(tokens: spelled, merges: definition.merges)
        vocabulary = Vocabulary(
            pieces: shown,
            endTokens: endTokens,
            hash: Tokenizer.hash(definition)
        )
    }

    /// Bytes that the vocabulary has no token for, ascending: encoding leaves them out, as the models' own tokenizers
    /// do. Empty for most models.
    package var missingBytes: [UInt8] { merger.missingBytes }

    /// Ranks of the merges that name texts which are no normal tokens, ascending. None in a sound file, unless its authors
    /// added such a text as a special token.
    package var foreignMerges: [Int] { merger.foreignMerges }

    /// The tokens of a text.
    /// - Parameters:
    ///   - parseSpecial: Whether control tokens written out in the text, such as `<|im_end|>`, count as such. Off for
    ///     text from users, on for rendered chat templates.
    ///   - addBOS: Whether to begin with the token of role `bos`; nil does as the model asks.
    package func encode(_ text: String, parseSpecial: Bool, addBOS: Bool? = nil) -> [Token] {
        encode(Array(text.utf8), parseSpecial: parseSpecial, addBOS: addBOS)
    }

    /// The tokens of a text, given as bytes; see ``encode(_:parseSpecial:addBOS:)-(String,_,_)``.
    package func encode(_ text: [UInt8], parseSpecial: Bool, addBOS: Bool? = nil) -> [Token] {
        encode(text, foreign: parseSpecial ? [] : [0..<text.count], addBOS: addBOS)
    }

    /// The tokens of a rendered chat template: control tokens are those that the template wrote, and what a user wrote is
    /// text. The template writes the beginning-of-text token itself where the model wants one.
    package func encode(_ prompt: TemplateString) -> [Token] {
        encode(Array(prompt.text.utf8), foreign: prompt.foreign, addBOS: false)
    }

    /// The tokens of a text some ranges of which come from outside.
    private func encode(_ text: [UInt8], foreign: [Range<Int>], addBOS: Bool?) -> [Token] {
        var tokens: [Token] = []
        if addBOS ?? addsBOS, let begin = roles[.bos] { tokens.append(begin) }
        text.withUnsafeBufferPointer { text in
            var work = PairMerger.Workspace()
            var start = 0
            var foreign = foreign[...]
            while let found = specials.first(in: text, from: start, foreign: &foreign) {
                encodePlain(UnsafeBufferPointer(rebasing: text[start..<found.range.lowerBound]), &work, &tokens)
                tokens.append(found.token)
                start = found.range.upperBound
            }
            encodePlain(UnsafeBufferPointer(rebasing: text[start...]), &work, &tokens)
        }
        return tokens
    }

    /// The bytes that `token` stands for; empty for control tokens and ids outside the vocabulary.
    package func bytes(of token: Token) -> ArraySlice<UInt8> { vocabulary.bytes(of: token) }

    /// The bytes that `tokens` stand for, one behind the other.
    package func decode(_ tokens: [Token]) -> [UInt8] {
        tokens.flatMap { vocabulary.bytes(of: $0) }
    }

    /// The text of `token` for people to read: as ``bytes(of:)``, but control tokens are written out.
    package func text(of token: Token) -> [UInt8] {
        hiddenTexts[token] ?? Array(vocabulary.bytes(of: token))
    }

    private func encodePlain(
        _ text: UnsafeBufferPointer<UInt8>,
        _ work: inout PairMerger.Workspace,
        _ tokens: inout [Token]
    ) {
        let scanner = TextScanner(bytes: text)
        var start = 0
        while start < text.count {
            let end = preTokenizer.pieceEnd(in: scanner, from: start)
            merger.encode(UnsafeBufferPointer(rebasing: text[start..<end]), using: &work, into: &tokens)
            start = end
        }
    }
}
