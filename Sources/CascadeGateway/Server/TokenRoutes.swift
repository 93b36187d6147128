import CascadeJSON

/// `/tokenize` and `/detokenize`, as vLLM has them.
enum TokenRoutes {
    /// The tokens of a text, or of a chat.
    static func tokenize(
        _ body: JSONValue,
        _ backend: any CompletionBackend,
        _ limits: RequestLimits
    ) async throws -> JSONValue {
        let fields = Field(path: "", value: body)
        let prompt: CompletionRequest.Prompt =
            fields["messages"].isPresent
            ? .chat(try .init(fields, limits: limits))
            : .text(Array(try fields["prompt"].requiredString().utf8))
        let pieces = try await backend.tokenize(
            TokenizeRequest(
                model: try fields["model"].string(),
                prompt: prompt,
                addsSpecialTokens: try fields["add_special_tokens"].bool() ?? true
            )
        )
        let wantsTexts = try fields["return_token_strs"].bool() ?? false
        return [
            "count": .integer(pieces.count), "tokens": .array(pieces.map { .integer($0.id) }),
            "token_strs": wantsTexts ? .array(pieces.map { .string($0.text) }) : .null,
        ]
    }

    /// The text of tokens.
    static func detokenize(_ body: JSONValue, _ backend: any CompletionBackend) async throws -> JSONValue {
        let fields = Field(path: "", value: body)
        var tokens: [UInt32] = []
        for element in try fields["tokens"].required().array(most: .max) ?? [] {
            guard let token: UInt32 = try element.integer(in: 0...(.max)) else {
                throw GatewayError.missing(element.path)
            }
            tokens.append(token)
        }
        let bytes = try await backend.detokenize(tokens, model: try fields["model"].string())
        return ["prompt": .string(String(decoding: bytes, as: UTF8.self))]
    }
}
