internal import CascadeCore
package import CascadeText

extension GGUFFile {
    /// What the file says of its tokenizer.
    package func tokenizerDefinition() throws(GGUFError) -> TokenizerDefinition {
        let tokens = try strings("tokenizer.ggml.tokens")
        var roles: [SpecialTokenRole: Token] = [:]
        for role in SpecialTokenRole.allCases {
            let key = "tokenizer.ggml.\(role.rawValue)_token_id"
            guard let value = try optionalUnsignedInteger(key) else { continue }
            guard let token = Token(exactly: value) else {
                throw tokenizerError(key, expected: "an id below \(tokens.count)", found: "\(value)")
            }
            roles[role] = token
        }
        return TokenizerDefinition(
            model: try string("tokenizer.ggml.model"),
            preTokenizer: try optionalString("tokenizer.ggml.pre"),
            tokens: tokens,
            kinds: try tokenKinds(count: tokens.count),
            merges: try optionalStrings("tokenizer.ggml.merges") ?? [],
            roles: roles,
            addsBOS: try optionalBool("tokenizer.ggml.add_bos_token") ?? false,
            chatTemplate: try optionalString("tokenizer.chat_template")
        )
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
