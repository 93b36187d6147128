internal import CascadeCore
internal import CascadeJSON

extension CompletionCall {
    /// Reads the body of a request to `/v1/messages`.
    init(messages body: JSONValue, limits: RequestLimits, owner: String?) throws(GatewayError) {
        let fields = try Field(request: body)
        try UnsupportedFields.checkMessages(fields)
        var request = CompletionRequest(
            model: try fields["model"].string(),
            prompt: .chat(try .init(messages: fields, limits: limits))
        )
        guard let most: Int = try fields["max_tokens"].required().integer(in: 1...Int(Int32.max)) else {
            throw .missing("max_tokens")
        }
        request.maxTokens = most
        request.owner = owner
        try request.readSampling(fields)
        try request.readStop(fields["stop_sequences"])
        try request.readCascade(fields["cascade"])
        let tellsTokens = try fields["cascade"]["tokens"].bool() ?? false
        // The bytes of the tokens show which of the strings ended the answer: its text is without it. The cluster tells
        // them of so many tokens.
        request.tellsTokens = tellsTokens || (!request.stop.isEmpty && most <= Self.mostTokensTold)
        let streams = try fields["stream"].bool() ?? false
        self.init(requests: [request], streams: streams, tellsTokens: tellsTokens)
    }

    /// The tokens that an answer may have whose tokens are told.
    private static let mostTokensTold = 2_048

    /// A call of one chat.
    init(requests: [CompletionRequest], streams: Bool, tellsTokens: Bool) {
        (kind, self.requests, self.streams, self.tellsTokens) = (.chat, requests, streams, tellsTokens)
        includesUsage = true
        (tools, separatesReasoning) = (nil, false)
    }
}

extension UnsupportedFields {
    /// Throws for the first parameter of `/v1/messages` that asks for something that is not served.
    static func checkMessages(_ fields: Field) throws(GatewayError) {
        let names = ["container", "context_management", "mcp_servers", "output_format", "prefill"]
        for name in common + forms + names where !isNeutral(fields[name].value) {
            throw .unsupported(fields[name].path, "is not supported")
        }
        _ = try fields["output_config"].object()
        guard !fields["output_config"]["format"].isPresent else {
            throw .unsupported("output_config.format", "is not supported yet: answers are text")
        }
        _ = try fields["thinking"].object()
        guard fields["thinking"]["type"].value != "enabled" else {
            throw .unsupported("thinking", "is not supported: only 'disabled' and 'adaptive' are")
        }
        let choice = try fields["tool_choice"]["type"].string()
        guard choice != "none" else { return }
        guard isNeutral(fields["tools"].value) else {
            throw .unsupported("tools", "tools are not supported yet, unless tool_choice is {\"type\": \"none\"}")
        }
        guard choice == nil || choice == "auto" else {
            throw .unsupported("tool_choice", "tools are not supported yet: only 'none' and 'auto' are")
        }
    }
}
