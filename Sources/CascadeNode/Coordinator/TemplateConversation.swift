internal import CascadeCore
internal import CascadeTemplate

/// A conversation as a chat template takes it: its JSON read, in the shapes of OpenAI's API and Hugging Face.
struct TemplateConversation {
    /// The turns.
    let messages: [ChatMessage]
    /// `tools`, where there are any, and the further arguments.
    let variables: [String: TemplateValue]

    /// What the further arguments may not set: it has a field of its own, or is the model's.
    private static let reserved: Set = ["messages", "tools", "add_generation_prompt", "bos_token", "eos_token"]

    /// Reads the JSON of a conversation.
    ///
    /// - Parameters:
    ///   - knowsDeveloper: whether the template knows the role `developer`, which otherwise becomes `system`.
    /// - Throws: `PromptError` with the place of what cannot be read.
    init(_ conversation: Conversation, knowsDeveloper: Bool) throws(PromptError) {
        var messages: [ChatMessage] = []
        messages.reserveCapacity(conversation.messages.count)
        for (index, message) in conversation.messages.enumerated() {
            messages.append(try Self.turn(message, "messages[\(index)]", knowsDeveloper: knowsDeveloper))
        }
        self.messages = messages
        var variables = try conversation.templateArguments.map(Self.arguments) ?? [:]
        if let tools = conversation.tools { variables["tools"] = try Self.tools(tools) }
        self.variables = variables
    }

    /// What is wrong with the JSON of a conversation, for clients to tell before they send it; nil where it is sound.
    static func problem(of conversation: Conversation) -> String? {
        do throws(PromptError) {
            _ = try TemplateConversation(conversation, knowsDeveloper: false)
            return nil
        } catch {
            return error.description
        }
    }

    private static func turn(
        _ message: ConversationMessage,
        _ place: String,
        knowsDeveloper: Bool
    ) throws(PromptError) -> ChatMessage {
        func text(_ bytes: [UInt8]?) -> String? { bytes.map { String(decoding: $0, as: UTF8.self) } }
        var calls: [ChatMessage.ToolCall] = []
        for (index, call) in message.toolCalls.enumerated() {
            let arguments = try object(call.arguments, "\(place).tool_calls[\(index)].function.arguments")
            calls.append(
                ChatMessage.ToolCall(
                    id: text(call.id),
                    name: String(decoding: call.name, as: UTF8.self),
                    arguments: .map(arguments)
                )
            )
        }
        // Templates tell a pure call by it; any other turn has a text, if an empty one.
        let isPureCall = message.content.isEmpty && !calls.isEmpty
        return ChatMessage(
            role: message.role == .developer && !knowsDeveloper ? "system" : message.role.rawValue,
            content: isPureCall ? nil : text(message.text),
            toolCalls: calls,
            toolCallID: text(message.toolCallID),
            name: text(message.name),
            reasoning: text(message.reasoning)
        )
    }

    private static func tools(_ bytes: [UInt8]) throws(PromptError) -> TemplateValue {
        guard case .list(let list) = try value(bytes, "tools") else { throw wrong("tools", "must be a JSON array") }
        for (index, tool) in list.elements.enumerated() {
            guard case .map = tool else { throw wrong("tools[\(index)]", "must be a JSON object") }
        }
        return .list(list)
    }

    private static func arguments(_ bytes: [UInt8]) throws(PromptError) -> [String: TemplateValue] {
        let place = "chat_template_kwargs"
        var variables: [String: TemplateValue] = [:]
        for (key, value) in try object(bytes, place).entries {
            guard case .string(let name) = key else { continue }
            guard !reserved.contains(name.text) else {
                throw wrong("\(place).\(name.text)", "cannot be set here")
            }
            variables[name.text] = value
        }
        return variables
    }

    /// A JSON object; no bytes are an empty one, as in vLLM.
    private static func object(_ bytes: [UInt8], _ place: String) throws(PromptError) -> TemplateMap {
        if bytes.isEmpty { return TemplateMap() }
        guard case .map(let map) = try value(bytes, place) else { throw wrong(place, "must be a JSON object") }
        return map
    }

    private static func value(_ bytes: [UInt8], _ place: String) throws(PromptError) -> TemplateValue {
        do throws(TemplateJSONError) {
            return try TemplateJSONReader.read(bytes)
        } catch {
            throw wrong(place, "is no JSON: \(error)")
        }
    }

    private static func wrong(_ place: String, _ words: String) -> PromptError {
        PromptError("\(place) \(words)", isOfTemplate: false)
    }
}
