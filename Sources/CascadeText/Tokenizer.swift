package import CascadeCore
package import CascadeTemplate

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
    /// Bytes of the longest token.
    private let longestToken: Int
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
        longestToken = max(1, shown.map(\.count).max() ?? 0, hidden.values.map(\.count).max() ?? 0)
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

    /// Ranks of the merges that name texts which are no normal tokens, ascending. None in a sound file, unless its
    /// authors added such a text as a special token.
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
        encode(text, parseSpecial: parseSpecial, addBOS: addBOS, limit: .max) ?? []
    }

    /// The tokens of a text; nil where there are more than `limit`, found out without reading the text to its end.
    package func encode(_ text: [UInt8], parseSpecial: Bool, addBOS: Bool? = nil, limit: Int) -> [Token]? {
        encode(text, foreign: parseSpecial ? [] : [0..<text.count], addBOS: addBOS, limit: limit)
    }

    /// The tokens of a rendered chat template: control tokens are those that the template wrote, and what a user wrote
    /// is text. The template writes the beginning-of-text token itself where the model wants one.
    package func encode(_ prompt: TemplateString) -> [Token] { encode(prompt, limit: .max) ?? [] }

    /// The same; nil where there are more than `limit`.
    package func encode(_ prompt: TemplateString, limit: Int) -> [Token]? {
        encode(Array(prompt.text.utf8), foreign: prompt.foreign, addBOS: false, limit: limit)
    }

    /// The tokens of a text some ranges of which come from outside.
    private func encode(_ text: [UInt8], foreign: [Range<Int>], addBOS: Bool?, limit: Int) -> [Token]? {
        var tokens: [Token] = []
        if addBOS ?? addsBOS, let begin = roles[.bos] { tokens.append(begin) }
        let fits = text.withUnsafeBufferPointer { text in
            var work = PairMerger.Workspace()
            var start = 0
            var foreign = foreign[...]
            while let found = specials.first(in: text, from: start, foreign: &foreign) {
                let plain = UnsafeBufferPointer(rebasing: text[start..<found.range.lowerBound])
                guard encodePlain(plain, limit, &work, &tokens) else { return false }
                tokens.append(found.token)
                start = found.range.upperBound
            }
            return encodePlain(UnsafeBufferPointer(rebasing: text[start...]), limit, &work, &tokens)
        }
        return fits && tokens.count <= limit ? tokens : nil
    }

    /// Whether so many bytes, behind so many tokens, may be few enough tokens: no token is longer than the longest.
    private func mayFit(_ bytes: Int, behind count: Int, limit: Int) -> Bool {
        // Bytes without a token are left out, however many they are.
        count <= limit && (bytes / longestToken <= limit - count || !missingBytes.isEmpty)
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

    /// Appends the tokens of a text without special tokens; stops and says no where they are more than `limit`.
    private func encodePlain(
        _ text: UnsafeBufferPointer<UInt8>,
        _ limit: Int,
        _ work: inout PairMerger.Workspace,
        _ tokens: inout [Token]
    ) -> Bool {
        let scanner = TextScanner(bytes: text)
        var start = 0
        while start < text.count {
            guard mayFit(text.count - start, behind: tokens.count, limit: limit) else { return false }
            let end = preTokenizer.pieceEnd(in: scanner, from: start)
            merger.encode(UnsafeBufferPointer(rebasing: text[start..<end]), using: &work, into: &tokens)
            start = end
        }
        return true
    }
}
