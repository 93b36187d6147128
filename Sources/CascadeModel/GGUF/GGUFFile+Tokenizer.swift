internal import CascadeCore
package import CascadeText

extension GGUFFile {
    /// What the file says of its tokenizer.
    package func tokenizerDefinition() throws(GGUFError) -> TokenizerDefinition {
        let tokens = try strings(Self.tokensKey)
        try checkCount(of: "tokenizer.ggml.scores", tokens.count)
        let template = try optionalString("tokenizer.chat_template")
        let addsBOS = try optionalBool("tokenizer.ggml.add_bos_token") ?? false
        return TokenizerDefinition(
            model: try string("tokenizer.ggml.model"),
            preTokenizer: try optionalString("tokenizer.ggml.pre"),
            tokens: tokens,
            kinds: try tokenKinds(count: tokens.count),
            merges: try optionalStrings("tokenizer.ggml.merges") ?? [],
            roles: try roles(count: tokens.count) { role in
                role.endsText || (role == .bos && (addsBOS || template?.contains("bos_token") == true))
            },
            addsBOS: addsBOS,
            chatTemplate: template
        )
    }

    private static let tokensKey = "tokenizer.ggml.tokens"

    /// The tokens that have a role. Ids outside the vocabulary are an error in a role that is used, and else as good as
    /// none; -1 and 2^32 - 1 stand for none in any role.
    private func roles(
        count: Int,
        isUsed: (SpecialTokenRole) -> Bool
    ) throws(GGUFError) -> [SpecialTokenRole: Token] {
        var roles: [SpecialTokenRole: Token] = [:]
        for role in SpecialTokenRole.allCases {
            let key = "tokenizer.ggml.\(role.rawValue)_token_id"
            guard let entry = entry(key) else { continue }
            let value = entry.integer(in: storage.bytes)
            if value == -1 || value == Int(UInt32.max) { continue }
            if let value, 0..<count ~= value {
                roles[role] = Token(value)
            } else if isUsed(role) || !entry.type.isInteger {
                let expected = "an id below \(count), the number of '\(Self.tokensKey)'"
                throw tokenizerError(key, expected: expected, found: summary(of: entry))
            }
        }
        return roles
    }

    /// A GGUF file of the tokenizer alone: name and architecture, the context length and all `tokenizer.` keys, no
    /// tensors. An expert ships it to the coordinator, which has no model file; ``tokenizerDefinition()`` and the
    /// vocabulary are the same as the model's.
    package func tokenizerBlock() -> [UInt8] {
        var names: Set = ["general.architecture", "general.name"]
        if let architecture = try? string("general.architecture") { names.insert("\(architecture).context_length") }
        var writer = GGUFWriter()
        for entry in entries where names.contains(entry.key) || entry.key.hasPrefix("tokenizer.") {
            writer.add(entry, of: self)
        }
        return writer.bytes()
    }

    /// Each token's kind; all are normal where the file does not say.
    private func tokenKinds(count: Int) throws(GGUFError) -> [TokenKind] {
        let key = "tokenizer.ggml.token_type"
        try checkCount(of: key, count)
        guard let values = try optionalIntegers(key) else { return Array(repeating: .normal, count: count) }
        var kinds: [TokenKind] = []
        kinds.reserveCapacity(values.count)
        for (id, value) in values.enumerated() {
            guard let kind = UInt8(exactly: value).flatMap(TokenKind.init(rawValue:)) else {
                throw tokenizerError(key, expected: "kinds from 1 to 6", found: "\(value) for token \(id)")
            }
            kinds.append(kind)
        }
        return kinds
    }

    /// Throws when the file has that array and it is of another length than the list of tokens.
    private func checkCount(of key: String, _ count: Int) throws(GGUFError) {
        guard let found = entry(key)?.array?.count, found != count else { return }
        let expected = "\(count) elements, one for each of '\(Self.tokensKey)'"
        throw tokenizerError(key, expected: expected, found: "\(found)")
    }

    private func tokenizerError(_ key: String, expected: String, found: String) -> GGUFError {
        GGUFError(
            code: .wrongType,
            path: path,
            subject: "key '\(key)'",
            offset: entry(key)?.offset,
            expected: expected,
            found: found
        )
    }
}
