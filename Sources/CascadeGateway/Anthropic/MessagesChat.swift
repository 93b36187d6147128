internal import CascadeCore
internal import CascadeJSON

extension CompletionRequest.Chat {
    /// Reads `system` and `messages` as `/v1/messages` has them.
    init(messages fields: Field, limits: RequestLimits) throws(GatewayError) {
        let list = try fields["messages"].required()
        var messages: [ChatMessage] = []
        if let system = try ContentBlocks.text(fields["system"]) { messages = [.init(role: .system, content: system)] }
        let turns = try list.array(most: limits.mostMessages) ?? []
        guard let last = turns.last else { throw .parameter(list.path, "is empty") }
        for turn in turns { messages += try ContentBlocks.messages(turn) }
        guard last["role"].value != "assistant" else {
            throw .unsupported(last.path, "the last message has to be the user's: no answer is begun for the model")
        }
        self.init(messages: messages)
    }
}

/// Reads contents that are a text or an array of blocks.
private enum ContentBlocks {
    /// Who speaks in a chat of `/v1/messages`.
    enum Speaker: String, CaseIterable {
        case user, assistant
    }

    private static let mostBlocks = 4_096

    /// A text, or the texts of several blocks in lines of their own; nil where there is none.
    static func text(_ field: Field) throws(GatewayError) -> String? {
        guard case .array = field.value else { return try field.string() }
        var texts: [String] = []
        for block in try field.array(most: mostBlocks) ?? [] {
            let type = try block["type"].requiredString()
            guard type == "text" else { throw unsupported(type, block) }
            texts.append(try block["text"].requiredString())
        }
        return texts.joined(separator: "\n")
    }

    private static func unsupported(_ type: String, _ block: Field) -> GatewayError {
        .unsupported(block["type"].path, "'\(type.prefix(64))' is not supported here")
    }

    /// The messages of one turn: the results of tools have messages of their own.
    static func messages(_ turn: Field) throws(GatewayError) -> [ChatMessage] {
        _ = try turn.required().object()
        guard let speaker = try turn["role"].required().choice(Speaker.self) else {
            throw .missing(turn["role"].path)
        }
        let content = try turn["content"].required()
        guard case .array = content.value else {
            return [ChatMessage(role: speaker == .user ? .user : .assistant, content: try content.requiredString())]
        }
        let blocks = try content.array(most: mostBlocks) ?? []
        guard !blocks.isEmpty else { throw .parameter(content.path, "is empty") }
        return switch speaker {
        case .user: try user(blocks)
        case .assistant: [try assistant(blocks)]
        }
    }

    private static func user(_ blocks: [Field]) throws(GatewayError) -> [ChatMessage] {
        var messages: [ChatMessage] = []
        for block in blocks {
            switch try block["type"].requiredString() {
            case "text":
                let text = try block["text"].requiredString()
                if let last = messages.last, last.role == .user, let before = last.content {
                    messages[messages.count - 1].content = before + "\n" + text
                } else {
                    messages.append(ChatMessage(role: .user, content: text))
                }
            case "tool_result":
                messages.append(
                    ChatMessage(
                        role: .tool,
                        content: try text(block["content"]) ?? "",
                        toolCallID: try block["tool_use_id"].requiredString()
                    )
                )
            case let type: throw unsupported(type, block)
            }
        }
        return messages
    }

    private static func assistant(_ blocks: [Field]) throws(GatewayError) -> ChatMessage {
        var texts: [String] = []
        var calls: [ChatMessage.ToolCall] = []
        for block in blocks {
            switch try block["type"].requiredString() {
            case "text": texts.append(try block["text"].requiredString())
            case "tool_use":
                _ = try block["input"].required().object()
                calls.append(
                    .init(
                        id: try block["id"].requiredString(),
                        name: try block["name"].requiredString(),
                        arguments: block["input"].value.text
                    )
                )
            // What another model thought is not shown to this one.
            case "thinking", "redacted_thinking": continue
            case let type: throw unsupported(type, block)
            }
        }
        let content = texts.isEmpty && !calls.isEmpty ? nil : texts.joined(separator: "\n")
        return ChatMessage(role: .assistant, content: content, toolCalls: calls)
    }
}
