internal import CascadeCore
internal import CascadeJSON

extension CompletionRequest.Chat {
    /// Reads `instructions` and `input` as `/v1/responses` has them.
    init(responses fields: Field, limits: RequestLimits) throws(GatewayError) {
        var messages: [ChatMessage] = []
        if let text = try fields["instructions"].string() { messages = [.init(role: .system, content: text)] }
        let input = try fields["input"].required()
        guard case .array = input.value else {
            self.init(messages: messages + [.init(role: .user, content: try input.requiredString())])
            return
        }
        let items = try input.array(most: limits.mostMessages) ?? []
        for item in items { try ResponseItems.append(item, to: &messages) }
        guard messages.contains(where: { $0.role != .system }) else {
            throw .parameter(input.path, "has no message")
        }
        self.init(messages: messages)
    }
}

/// Reads the items of an input.
private enum ResponseItems {
    /// Who speaks.
    enum Speaker: String, CaseIterable {
        case user, assistant, system, developer

        var role: ChatMessage.Role {
            switch self {
            case .user: .user
            case .assistant: .assistant
            case .system: .system
            case .developer: .developer
            }
        }
    }

    private static let mostParts = 4_096

    static func append(_ item: Field, to messages: inout [ChatMessage]) throws(GatewayError) {
        _ = try item.required().object()
        switch try item["type"].string() ?? "message" {
        case "message":
            guard let speaker = try item["role"].required().choice(Speaker.self) else {
                throw .missing(item["role"].path)
            }
            messages.append(ChatMessage(role: speaker.role, content: try text(item["content"])))
        case "function_call": append(try call(item), to: &messages)
        case "function_call_output":
            messages.append(
                ChatMessage(
                    role: .tool,
                    content: try text(item["output"]),
                    toolCallID: try item["call_id"].requiredString()
                )
            )
        // What another model thought is not shown to this one.
        case "reasoning": return
        case let type: throw .unsupported(item["type"].path, "'\(type.prefix(64))' is not supported")
        }
    }

    private static func call(_ item: Field) throws(GatewayError) -> ChatMessage.ToolCall {
        ChatMessage.ToolCall(
            id: try item["call_id"].requiredString(),
            name: try item["name"].requiredString(),
            arguments: try item["arguments"].requiredString()
        )
    }

    /// A call belongs to what the assistant said before it.
    private static func append(_ call: ChatMessage.ToolCall, to messages: inout [ChatMessage]) {
        if messages.last?.role == .assistant {
            messages[messages.count - 1].toolCalls.append(call)
        } else {
            messages.append(ChatMessage(role: .assistant, content: nil, toolCalls: [call]))
        }
    }

    /// A text, or the texts of several parts in lines of their own.
    private static func text(_ field: Field) throws(GatewayError) -> String {
        let field = try field.required()
        guard case .array = field.value else { return try field.requiredString() }
        var texts: [String] = []
        for part in try field.array(most: mostParts) ?? [] {
            let type = try part["type"].requiredString()
            switch type {
            case "input_text", "output_text", "text": texts.append(try part["text"].requiredString())
            case "refusal": texts.append(try part["refusal"].requiredString())
            default:
                throw .unsupported(part["type"].path, "'\(type.prefix(64))' is not supported: only texts are")
            }
        }
        return texts.joined(separator: "\n")
    }
}
