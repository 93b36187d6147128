/// One turn of a conversation, as a chat template sees it.
package struct ChatMessage: Sendable {
    /// A call of a function that the assistant wrote. All of it comes from outside.
    package struct ToolCall: Sendable {
        /// What the function's answer refers to; nil where it has none.
        package var id: String?
        /// The function.
        package var name: String
        /// What it is called with: a map, because templates write it with `tojson` or go through its entries.
        package var arguments: TemplateValue

        /// Creates a call.
        package init(id: String? = nil, name: String, arguments: TemplateValue) {
            self.id = id
            self.name = name
            self.arguments = arguments
        }

        /// The map of OpenAI's API, which Hugging Face's templates index.
        var value: TemplateValue {
            var entries: [(String, TemplateValue)] = []
            if let id { entries.append(("id", .string(TemplateString(id, isForeign: true)))) }
            entries.append(("type", .string("function")))
            let function = TemplateMap([
                ("name", .string(TemplateString(name, isForeign: true))), ("arguments", arguments.asForeign),
            ])
            entries.append(("function", .map(function)))
            return .map(TemplateMap(entries))
        }
    }

    /// Who speaks: `system`, `user`, `assistant`, `tool` or what else the model's template knows. Templates make
    /// control tokens of it, so it is never a text that a user may choose freely.
    package var role: String
    /// The text of the turn, which comes from outside; nil, a template's `none`, where there are calls instead.
    package var content: String?
    /// The calls that the assistant makes; templates find no `tool_calls` where there are none.
    package var toolCalls: [ToolCall]
    /// The call that a tool answers, which comes from outside.
    package var toolCallID: String?
    /// The speaker's name, which comes from outside.
    package var name: String?
    /// What the assistant thought before it spoke, which comes from outside: `reasoning_content`.
    package var reasoning: String?

    /// Creates a turn.
    package init(
        role: String,
        content: String?,
        toolCalls: [ToolCall] = [],
        toolCallID: String? = nil,
        name: String? = nil,
        reasoning: String? = nil
    ) {
        self.role = role
        self.content = content
        self.toolCalls = toolCalls
        self.toolCallID = toolCallID
        self.name = name
        self.reasoning = reasoning
    }

    /// The map that templates index by `role`, `content` and the names of OpenAI's API.
    var value: TemplateValue {
        func foreign(_ text: String?) -> TemplateValue {
            text.map { .string(TemplateString($0, isForeign: true)) } ?? .null
        }
        var entries: [(String, TemplateValue)] = [
            ("role", .string(TemplateString(role))), ("content", foreign(content)),
        ]
        if let reasoning { entries.append(("reasoning_content", foreign(reasoning))) }
        if !toolCalls.isEmpty { entries.append(("tool_calls", .list(TemplateList(toolCalls.map(\.value))))) }
        if let toolCallID { entries.append(("tool_call_id", foreign(toolCallID))) }
        if let name { entries.append(("name", foreign(name))) }
        return .map(TemplateMap(entries))
    }
}
