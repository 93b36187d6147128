/// What was said so far, in place of a prompt: the model's chat template writes it out.
///
/// Texts are bytes, UTF-8 as a rule, as those of a prompt; `tools` and the arguments are JSON, which is read where the
/// template is.
package struct Conversation: Equatable, Sendable {
    /// The turns, oldest first.
    package var messages: [ConversationMessage]
    /// The functions that the model may call: a JSON array as OpenAI's API has it; nil: none.
    package var tools: [UInt8]?
    /// Further variables of the chat template: a JSON object, what vLLM calls `chat_template_kwargs`; nil: none.
    package var templateArguments: [UInt8]?
    /// Whether the prompt ends with the opening of the assistant's turn.
    package var addsGenerationPrompt: Bool

    /// Creates the value from its parts.
    package init(
        messages: [ConversationMessage],
        tools: [UInt8]? = nil,
        templateArguments: [UInt8]? = nil,
        addsGenerationPrompt: Bool = true
    ) {
        self.messages = messages
        self.tools = tools
        self.templateArguments = templateArguments
        self.addsGenerationPrompt = addsGenerationPrompt
    }

    /// Bytes of all its texts.
    package var textBytes: Int {
        messages.reduce((tools?.count ?? 0) + (templateArguments?.count ?? 0)) { $0 + $1.textBytes }
    }

    /// Bytes of what was said behind the system's messages.
    package var spokenBytes: Int {
        messages.reduce(0) { $0 + ($1.role.isSystem ? 0 : $1.textBytes) }
    }

    /// The text of the user's last message; empty where the user has said nothing.
    package var lastUserText: [UInt8] {
        messages.last { $0.role == .user }?.text ?? []
    }

    /// The first `count` bytes of what was said behind the system's messages.
    package func beginning(bytes count: Int) -> [UInt8] {
        var beginning: [UInt8] = []
        for message in messages where !message.role.isSystem {
            beginning += message.text.prefix(count - beginning.count)
            if beginning.count == count { break }
        }
        return beginning
    }
}

/// One turn of a conversation.
package struct ConversationMessage: Equatable, Sendable {
    /// Who speaks.
    package enum Role: String, CaseIterable, Sendable {
        /// Whoever set the model up.
        case system
        /// The same, as OpenAI's newer models call it. It becomes `system` for templates that do not know it.
        case developer
        /// The user.
        case user
        /// The model.
        case assistant
        /// A function that the model called.
        case tool

        /// Whether it is the system's, under either name.
        package var isSystem: Bool { self == .system || self == .developer }
    }

    /// A call of a function that the model wrote.
    package struct ToolCall: Equatable, Sendable {
        /// What the function's answer refers to; nil where it has none.
        package var id: [UInt8]?
        /// The function.
        package var name: [UInt8]
        /// What it is called with: a JSON object; empty: nothing.
        package var arguments: [UInt8]

        /// Creates the value from its parts.
        package init(id: [UInt8]? = nil, name: [UInt8], arguments: [UInt8]) {
            self.id = id
            self.name = name
            self.arguments = arguments
        }

        /// Bytes of all its texts.
        var textBytes: Int { (id?.count ?? 0) + name.count + arguments.count }
    }

    /// Who speaks.
    package var role: Role
    /// What is said, in parts as the API has them; none where there is nothing but calls or reasoning.
    package var content: [[UInt8]]
    /// The calls that the assistant makes.
    package var toolCalls: [ToolCall]
    /// The call that a tool answers; nil where that is not said.
    package var toolCallID: [UInt8]?
    /// The speaker's name, among several of one role.
    package var name: [UInt8]?
    /// What the assistant thought before it spoke.
    package var reasoning: [UInt8]?

    /// Creates the value from its parts.
    package init(
        role: Role,
        content: [[UInt8]],
        toolCalls: [ToolCall] = [],
        toolCallID: [UInt8]? = nil,
        name: [UInt8]? = nil,
        reasoning: [UInt8]? = nil
    ) {
        self.role = role
        self.content = content
        self.toolCalls = toolCalls
        self.toolCallID = toolCallID
        self.name = name
        self.reasoning = reasoning
    }

    /// The parts of the content, one to a line, as vLLM joins them.
    package var text: [UInt8] { Array(content.joined(separator: [UInt8(ascii: "\n")])) }

    /// Bytes of all its texts.
    package var textBytes: Int {
        content.reduce(0) { $0 + $1.count } + toolCalls.reduce(0) { $0 + $1.textBytes } + (toolCallID?.count ?? 0)
            + (name?.count ?? 0) + (reasoning?.count ?? 0)
    }
}

extension Submit {
    /// Bytes of the texts that become the prompt.
    package var promptBytes: Int { prompt.count + (system?.count ?? 0) + (conversation?.textBytes ?? 0) }

    /// The first `count` bytes of the prompt, or of a conversation without its system messages.
    package func beginning(bytes count: Int) -> [UInt8] {
        conversation?.beginning(bytes: count) ?? Array(prompt.prefix(count))
    }

    /// What people know the job by: its prompt, or what the user said last.
    package var request: [UInt8] { conversation?.lastUserText ?? prompt }
}
