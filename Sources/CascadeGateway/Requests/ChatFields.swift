internal import CascadeCore
import CascadeJSON

extension CompletionRequest.Chat {
    /// Reads `messages` and what goes to the template with them.
    init(_ fields: Field, limits: RequestLimits) throws(GatewayError) {
        let list = try fields["messages"].required()
        var messages: [ChatMessage] = []
        for field in try list.array(most: limits.mostMessages) ?? [] { messages.append(try ChatMessage(field)) }
        guard !messages.isEmpty else { throw .parameter(list.path, "is empty") }
        let arguments = fields["chat_template_kwargs"]
        _ = try arguments.object()
        self.init(
            messages: messages,
            templateArgumentsJSON: arguments.isPresent ? arguments.value.text : nil,
            addsGenerationPrompt: try fields["add_generation_prompt"].bool() ?? true
        )
    }
}

extension ChatMessage {
    /// Reads one message.
    init(_ field: Field) throws(GatewayError) {
        _ = try field.required().object()
        if field["role"].value == "function" {
            throw .unsupported(field["role"].path, "functions are not supported: use the role 'tool'")
        }
        guard let role = try field["role"].required().choice(Role.self) else { throw .missing(field["role"].path) }
        let content = try Self.content(field["content"])
        let calls = field["tool_calls"]
        if calls.isPresent, role != .assistant {
            throw .parameter(calls.path, "only the assistant calls tools")
        }
        var toolCalls: [ToolCall] = []
        for call in try calls.array(most: 128) ?? [] { toolCalls.append(try ToolCall(call)) }
        if content == nil, toolCalls.isEmpty { throw .missing(field["content"].path) }
        let toolCallID = try field["tool_call_id"].string()
        if role == .tool, toolCallID == nil { throw .missing(field["tool_call_id"].path) }
        self.init(
            role: role,
            content: content,
            name: try field["name"].string(),
            toolCalls: toolCalls,
            toolCallID: toolCallID
        )
    }

    /// A text, or the texts of several parts in lines of their own, as vLLM joins them.
    private static func content(_ field: Field) throws(GatewayError) -> String? {
        guard case .array = field.value else { return try field.string() }
        var texts: [String] = []
        for part in try field.array(most: 4_096) ?? [] {
            let type = try part["type"].requiredString()
            guard type == "text" else {
                throw .unsupported(part["type"].path, "'\(type)' is not supported: only 'text' is")
            }
            texts.append(try part["text"].requiredString())
        }
        return texts.joined(separator: "\n")
    }
}

extension ChatMessage.ToolCall {
    /// Reads one call.
    init(_ field: Field) throws(GatewayError) {
        _ = try field.required().object()
        let type = try field["type"].string() ?? "function"
        guard type == "function" else {
            throw .unsupported(field["type"].path, "'\(type)' is not supported: only 'function' is")
        }
        let function = try field["function"].required()
        _ = try function.object()
        self.init(
            id: try field["id"].requiredString(),
            name: try function["name"].requiredString(),
            arguments: try function["arguments"].requiredString()
        )
    }
}

/// Reads the prompts of `/v1/completions`.
enum TextPrompts {
    /// One prompt or several: texts, or the numbers of tokens.
    static func read(_ field: Field, most: Int) throws(GatewayError) -> [CompletionRequest.Prompt] {
        let field = try field.required()
        if let text = try? field.string() { return [.text(Array(text.utf8))] }
        guard case .array(let elements) = field.value else {
            throw .parameter(
                field.path,
                "has to be a string or an array, not \(field.value.kind)",
                code: "invalid_type"
            )
        }
        guard let first = elements.first else { throw .parameter(field.path, "is empty") }
        if case .number = first { return [.tokens(try tokens(field))] }
        var prompts: [CompletionRequest.Prompt] = []
        for element in try field.array(most: most) ?? [] {
            if case .array = element.value {
                prompts.append(.tokens(try tokens(element)))
            } else {
                prompts.append(.text(Array(try element.requiredString().utf8)))
            }
        }
        return prompts
    }

    private static func tokens(_ field: Field) throws(GatewayError) -> [UInt32] {
        var tokens: [UInt32] = []
        for element in try field.array(most: .max) ?? [] {
            guard let token: UInt32 = try element.integer(in: 0...(.max)) else { throw .missing(element.path) }
            tokens.append(token)
        }
        guard !tokens.isEmpty else { throw .parameter(field.path, "is empty") }
        return tokens
    }
}
