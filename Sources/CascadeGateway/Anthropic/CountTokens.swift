internal import CascadeJSON

/// `/v1/messages/count_tokens`.
enum CountTokens {
    /// The tokens that a chat has with the template of its model.
    static func count(
        _ body: JSONValue,
        _ backend: any CompletionBackend,
        _ limits: RequestLimits
    ) async throws -> JSONValue {
        let fields = try Field(request: body)
        try UnsupportedFields.checkMessages(fields)
        let pieces = try await backend.tokenize(
            TokenizeRequest(
                model: try fields["model"].string(),
                prompt: .chat(try .init(messages: fields, limits: limits))
            )
        )
        return ["input_tokens": .integer(pieces.count)]
    }
}
