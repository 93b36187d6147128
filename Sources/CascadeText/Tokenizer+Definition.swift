internal import CascadeCore

/// What is derived from a definition: checks, the hash, the end tokens.
extension Tokenizer {
    static func checkSizes(_ definition: TokenizerDefinition) throws(TokenizerError) {
        let count = definition.tokens.count
        guard 1...(1 << 24) ~= count else {
            throw .malformed(subject: "tokens", expected: "1 to \(1 << 24)", found: "\(count)")
        }
        guard definition.kinds.count == count else {
            let found = "\(definition.kinds.count)"
            throw .malformed(subject: "token kinds", expected: "one for each of \(count) tokens", found: found)
        }
        guard definition.merges.count <= 1 << 24 else {
            let found = "\(definition.merges.count)"
            throw .malformed(subject: "merges", expected: "at most \(1 << 24)", found: found)
        }
        // A vocabulary addresses its bytes with 32 bits.
        let bytes = definition.tokens.reduce(0) { $0 + $1.count }
        guard bytes <= 1 << 30 else {
            throw .malformed(subject: "tokens", expected: "at most \(1 << 30) bytes in all", found: "\(bytes)")
        }
        for role in SpecialTokenRole.allCases {
            guard let token = definition.roles[role], Int(token) >= count else { continue }
            let subject = "token of role \(role)"
            throw .malformed(subject: subject, expected: "an id below \(count)", found: "\(token)")
        }
        guard !definition.addsBOS || definition.roles[.bos] != nil else {
            let expected = "a token to begin prompts with"
            throw .malformed(subject: "token of role bos", expected: expected, found: "none")
        }
    }

    /// Hash of the token table: each token's text and kind, in the order of ids.
    static func hash(_ definition: TokenizerDefinition) -> Hash128 {
        var hasher = Hasher128()
        hasher.combine(UInt64(definition.tokens.count))
        for (text, kind) in zip(definition.tokens, definition.kinds) {
            hasher.combine(bytes: text)
            hasher.combine(UInt64(kind.rawValue))
        }
        return hasher.finish()
    }

    /// The tokens that end a text: those with such a role, and those that are known by name, because few files name
    /// all of theirs. A name counts only where the token is a special one: `</s>` is also a piece of HTML.
    static func endTokens(_ definition: TokenizerDefinition) -> [Token] {
        var found = Set(definition.roles.filter { $0.key.endsText }.values)
        for (id, (text, kind)) in zip(definition.tokens, definition.kinds).enumerated() {
            guard kind == .control || kind == .userDefined, text.count <= 64 else { continue }
            if endNames.contains(String(decoding: text, as: UTF8.self)) { found.insert(Token(id)) }
        }
        return found.sorted()
    }

    /// Names that end tokens go by: ends of texts, turns and messages, then those of code models that begin what lies
    /// outside the text asked for (padding of a hole, another repository, another file).
    private static let endNames: Set<String> = [
        "<|endoftext|>", "<|end_of_text|>", "<|eot_id|>", "<|eom_id|>", "<|im_end|>", "<|end|>", "<|return|>",
        "<|call|>", "<end_of_turn>", "<EOT>", "_<EOT>", "<eos>", "</s>", "<end_of_utterance>",
        "<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>",
        "<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>", "<|file_sep|>",
    ]
}
