/// A message of a chat.
package struct ChatMessage: Equatable, Sendable {
    /// Who speaks.
    package enum Role: String, CaseIterable, Sendable {
        /// Whoever runs the service.
        case system
        /// The same, by OpenAI's newer name; templates that do not know it are given `system`.
        case developer
        /// Whoever asks.
        case user
        /// The model.
        case assistant
        /// What a tool answered.
        case tool
    }

    /// A call of a tool that the model asked for.
    package struct ToolCall: Equatable, Sendable {
        /// The call's name, which the tool's answer repeats.
        package var id: String
        /// The function.
        package var name: String
        /// Its arguments as the model wrote them: JSON as a rule.
        package var arguments: String

        /// Creates the value from its parts.
        package init(id: String, name: String, arguments: String) {
            self.id = id
            self.name = name
            self.arguments = arguments
        }
    }

    /// Who speaks.
    package var role: Role
    /// The text; the parts of a content of several are joined. Nil where the message has none.
    package var content: String?
    /// The speaker's name, where it has one.
    package var name: String?
    /// What the model wants done; empty for all roles but the assistant's.
    package var toolCalls: [ToolCall]
    /// Which call a tool's message answers.
    package var toolCallID: String?

    /// Creates the value from its parts.
    package init(
        role: Role,
        content: String?,
        name: String? = nil,
        toolCalls: [ToolCall] = [],
        toolCallID: String? = nil
    ) {
        self.role = role
        self.content = content
        self.name = name
        self.toolCalls = toolCalls
        self.toolCallID = toolCallID
    }
}
