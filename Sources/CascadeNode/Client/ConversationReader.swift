package import CascadeCore
internal import CascadeTemplate

/// Reads conversations as OpenAI's API has them: an array of messages, or an object with `messages`, `tools`,
/// `chat_template_kwargs` and `add_generation_prompt`. What it does not know is refused by name, unless it is empty.
package enum ConversationReader {
    /// The conversation that `bytes` are the JSON of, within the shapes that a job may have.
    ///
    /// - Throws: `ConversationError` with the place of what is wrong, such as `messages[2].role`.
    package static func read(_ bytes: [UInt8]) throws(ConversationError) -> Conversation {
        let json: TemplateValue
        do throws(TemplateJSONError) {
            json = try TemplateJSONReader.read(bytes)
        } catch {
            throw ConversationError("no JSON: \(error)")
        }
        let conversation = try conversation(json)
        if let problem = TemplateConversation.problem(of: conversation) { throw ConversationError(problem) }
        return conversation
    }

    private static func conversation(_ json: TemplateValue) throws(ConversationError) -> Conversation {
        if case .list(let list) = json { return Conversation(messages: try messages(list, "messages")) }
        guard case .map(let map) = json else {
            throw ConversationError("it must be an array of messages or an object that has 'messages'")
        }
        let object = JSONObject(map, "")
        try object.allow(["messages", "tools", "chat_template_kwargs", "add_generation_prompt"])
        guard case .list(let list)? = object["messages"] else {
            throw ConversationError("messages: must be an array of messages")
        }
        var adds = true
        if let value = object["add_generation_prompt"] {
            guard case .boolean(let flag) = value else { throw object.error("add_generation_prompt", "true or false") }
            adds = flag
        }
        return Conversation(
            messages: try messages(list, "messages"),
            tools: try object["tools"].map { value throws(ConversationError) in try text(value, "tools") },
            templateArguments: try object["chat_template_kwargs"].map { value throws(ConversationError) in
                try text(value, "chat_template_kwargs")
            },
            addsGenerationPrompt: adds
        )
    }

    private static func messages(
        _ list: TemplateList,
        _ place: String
    ) throws(ConversationError) -> [ConversationMessage] {
        var messages: [ConversationMessage] = []
        for (index, element) in list.elements.enumerated() {
            messages.append(try message(try JSONObject(element, "\(place)[\(index)]")))
        }
        return messages
    }

    private static func message(_ object: JSONObject) throws(ConversationError) -> ConversationMessage {
        try object.allow(
            ["role", "content", "tool_calls", "tool_call_id", "name", "reasoning_content", "reasoning"]
        )
        let roles = ConversationMessage.Role.allCases.map(\.rawValue).joined(separator: ", ")
        guard let word = try object.text("role"),
            let role = ConversationMessage.Role(rawValue: String(decoding: word, as: UTF8.self))
        else { throw object.error("role", "one of \(roles)") }
        var calls: [ConversationMessage.ToolCall] = []
        if let value = object["tool_calls"] {
            guard case .list(let list) = value else { throw object.error("tool_calls", "an array") }
            for (index, element) in list.elements.enumerated() {
                calls.append(try call(try JSONObject(element, "\(object.place).tool_calls[\(index)]")))
            }
        }
        let content = try content(object)
        // vLLM's newer versions call it `reasoning`.
        var reasoning = try object.text("reasoning_content")
        if reasoning == nil { reasoning = try object.text("reasoning") }
        return ConversationMessage(
            role: role,
            content: content,
            toolCalls: calls,
            toolCallID: try object.text("tool_call_id"),
            name: try object.text("name"),
            reasoning: reasoning
        )
    }

    /// A text, or an array of text parts.
    private static func content(_ object: JSONObject) throws(ConversationError) -> [[UInt8]] {
        switch object["content"] {
        case nil: return []
        case .string(let text)?: return [Array(text.text.utf8)]
        case .list(let list)?:
            var parts: [[UInt8]] = []
            for (index, element) in list.elements.enumerated() {
                let part = try JSONObject(element, "\(object.place).content[\(index)]")
                guard let type = try part.text("type") else { throw part.error("type", "\"text\"") }
                guard type.elementsEqual("text".utf8) else {
                    let name = String(decoding: type, as: UTF8.self).beginning(scalars: 40)
                    throw ConversationError(
                        "\(part.place): \(name) parts are not supported: the models take text"
                    )
                }
                try part.allow(["type", "text"])
                guard let text = try part.text("text") else { throw part.error("text", "a string") }
                parts.append(text)
            }
            return parts
        default: throw object.error("content", "a string, null or an array of text parts")
        }
    }

    private static func call(_ object: JSONObject) throws(ConversationError) -> ConversationMessage.ToolCall {
        try object.allow(["id", "type", "function", "index"])
        if let type = try object.text("type"), !type.elementsEqual("function".utf8) {
            throw object.error("type", "\"function\"")
        }
        let function = try JSONObject(object["function"] ?? .null, "\(object.place).function")
        try function.allow(["name", "arguments"])
        guard let name = try function.text("name") else { throw function.error("name", "a string") }
        let arguments: [UInt8] =
            switch function["arguments"] {
            case nil: []
            case .string(let text)?: Array(text.text.utf8)
            case .map(let map)?: try text(.map(map), "\(function.place).arguments")
            default: throw function.error("arguments", "a string of JSON or an object")
            }
        return ConversationMessage.ToolCall(id: try object.text("id"), name: name, arguments: arguments)
    }

    private static func text(_ value: TemplateValue, _ place: String) throws(ConversationError) -> [UInt8] {
        do throws(TemplateError) {
            return Array(try value.json().utf8)
        } catch {
            throw ConversationError("\(place): \(error)")
        }
    }
}

/// Why a conversation cannot be read.
package struct ConversationError: Error, CustomStringConvertible {
    /// The place and what is wrong there.
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// An object of JSON and where it stands.
private struct JSONObject {
    /// The path, such as `messages[2]`; empty for the outermost.
    let place: String
    private let map: TemplateMap

    init(_ map: TemplateMap, _ place: String) {
        self.map = map
        self.place = place
    }

    init(_ value: TemplateValue, _ place: String) throws(ConversationError) {
        guard case .map(let map) = value else { throw ConversationError("\(place): must be an object") }
        self.init(map, place)
    }

    /// A key's value; nil where it is missing or null.
    subscript(key: String) -> TemplateValue? {
        guard let value = map[.string(TemplateString(key))] else { return nil }
        if case .null = value { return nil }
        return value
    }

    /// A key's text; nil where it is missing or null.
    func text(_ key: String) throws(ConversationError) -> [UInt8]? {
        guard let value = self[key] else { return nil }
        guard case .string(let text) = value else { throw error(key, "a string") }
        return Array(text.text.utf8)
    }

    /// Refuses other keys that say anything: the API's answers have some that are empty.
    func allow(_ keys: Set<String>) throws(ConversationError) {
        for (key, value) in map.entries {
            guard case .string(let name) = key, !keys.contains(name.text) else { continue }
            switch value {
            case .null: continue
            case .list(let list) where list.elements.isEmpty: continue
            default:
                let known = keys.sorted().joined(separator: ", ")
                throw ConversationError("\(path(name.text.beginning(scalars: 40))): is not known here; known: \(known)")
            }
        }
    }

    func error(_ key: String, _ expected: String) -> ConversationError {
        ConversationError("\(path(key)): must be \(expected)")
    }

    private func path(_ key: String) -> String {
        place.isEmpty ? key : "\(place).\(key)"
    }
}
