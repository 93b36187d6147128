internal import CascadeCore
internal import CascadeJSON

/// What an answer of `/v1/responses` repeats of its request.
struct ResponsesEcho: Equatable, Sendable {
    /// `instructions`.
    var instructions: String?
    /// `metadata`: an object.
    var metadata: JSONValue
}

extension CompletionCall {
    /// Reads the body of a request to `/v1/responses`.
    init(responses body: JSONValue, limits: RequestLimits, owner: String?) throws(GatewayError) {
        let fields = try Field(request: body)
        try UnsupportedFields.checkResponses(fields)
        var request = CompletionRequest(
            model: try fields["model"].string(),
            prompt: .chat(try .init(responses: fields, limits: limits))
        )
        request.maxTokens = try fields["max_output_tokens"].integer(in: 1...Int(Int32.max))
        request.owner = owner
        try request.readSampling(fields)
        try request.readCascade(fields["cascade"])
        request.tellsTokens = try fields["cascade"]["tokens"].bool() ?? false
        let streams = try fields["stream"].bool() ?? false
        if fields["stream_options"].isPresent, !streams {
            throw .parameter("stream_options", "is for streams: set stream to true")
        }
        self.init(requests: [request], streams: streams, tellsTokens: request.tellsTokens)
    }
}

extension ResponsesEcho {
    /// Reads what is repeated.
    init(_ body: JSONValue) throws(GatewayError) {
        let fields = try Field(request: body)
        _ = try fields["metadata"].object(most: 16)
        self.init(
            instructions: try fields["instructions"].string(),
            metadata: fields["metadata"].isPresent ? fields["metadata"].value : .object([])
        )
    }
}

extension UnsupportedFields {
    /// Throws for the first parameter of `/v1/responses` that asks for something that is not served.
    static func checkResponses(_ fields: Field) throws(GatewayError) {
        for name in common + forms where !isNeutral(fields[name].value) {
            throw .unsupported(fields[name].path, "is not supported")
        }
        for name in ["previous_response_id", "conversation"] where fields[name].isPresent {
            throw .unsupported(name, "nothing is kept here: send what was said so far as input")
        }
        if try fields["background"].bool() ?? false {
            throw .unsupported("background", "nothing is kept here: wait for the answer, or use cascade submit")
        }
        for name in ["prompt", "moderation"] where !isNeutral(fields[name].value) {
            throw .unsupported(name, "is not supported")
        }
        if let truncation = try fields["truncation"].string(), truncation != "disabled" {
            throw .unsupported("truncation", "only 'disabled' is supported: nothing is left out of a long input")
        }
        for item in try fields["include"].array(most: 64) ?? [] {
            if try item.requiredString() == "message.output_text.logprobs" {
                throw .unsupported(item.path, "log-probabilities are told by /v1/chat/completions")
            }
        }
        if let top: Int = try fields["top_logprobs"].integer(in: 0...20), top > 0 {
            throw .unsupported("top_logprobs", "log-probabilities are told by /v1/chat/completions")
        }
        _ = try fields["text"].object()
        _ = try fields["text"]["format"].object()
        if let type = try fields["text"]["format"]["type"].string(), type != "text" {
            throw .unsupported("text.format.type", "'\(type.prefix(64))' is not supported yet: only 'text' is")
        }
        let choice = fields["tool_choice"]
        guard choice.value != "none" else { return }
        guard isNeutral(fields["tools"].value) else {
            throw .unsupported("tools", "tools are not supported yet, unless tool_choice is 'none'")
        }
        guard !choice.isPresent || choice.value == "auto" else {
            throw .unsupported("tool_choice", "tools are not supported yet: only 'none' and 'auto' are")
        }
    }
}
