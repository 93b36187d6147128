extension JobLimits {
    /// What is wrong with a submission's conversation, or with one beside a prompt, in words for the user; nil where
    /// all is well. Whether its JSON is sound is for those to say who read it.
    func conversationProblem(of submit: Submit) -> String? {
        guard let conversation = submit.conversation else { return nil }
        if !submit.prompt.isEmpty || submit.system != nil {
            return "a submission has either messages or a prompt with its system message, not both"
        }
        if submit.format == .raw { return "messages need the model's chat template, which raw leaves out" }
        if conversation.messages.isEmpty { return "messages: there must be at least one message" }
        return sizeProblem(of: conversation) ?? shapeProblem(of: conversation.messages)
    }

    private func sizeProblem(of conversation: Conversation) -> String? {
        let (messages, bytes) = (conversation.messages, conversation.textBytes)
        if messages.count > self.messages {
            return "at most \(self.messages) messages are possible, not \(messages.count)"
        }
        let parts = messages.reduce(0) { $0 + $1.content.count }
        if parts > textParts { return "the messages may have at most \(textParts) text parts, not \(parts)" }
        let calls = messages.reduce(0) { $0 + $1.toolCalls.count }
        if calls > toolCalls { return "the messages may have at most \(toolCalls) tool calls, not \(calls)" }
        if bytes > promptBytes {
            return """
                messages, tools and chat template arguments may have at most \(promptBytes) bytes together, not \
                \(bytes)
                """
        }
        return nil
    }

    private func shapeProblem(of messages: [ConversationMessage]) -> String? {
        for (index, message) in messages.enumerated() {
            if let problem = problem(of: message) { return "messages[\(index)]\(problem)" }
        }
        return nil
    }

    /// What is wrong with a message, with the path of the part that is.
    private func problem(of message: ConversationMessage) -> String? {
        let isAssistant = message.role == .assistant
        if message.content.isEmpty {
            guard isAssistant else { return ".content: a message of role \(message.role) must have a text" }
            if message.toolCalls.isEmpty, message.reasoning == nil {
                return ": a message of role assistant must have content or tool_calls"
            }
        }
        if !isAssistant, !message.toolCalls.isEmpty {
            return ".tool_calls: role assistant alone calls tools, not \(message.role)"
        }
        if !isAssistant, message.reasoning != nil {
            return ".reasoning_content: role assistant alone has it, not \(message.role)"
        }
        if message.role != .tool, message.toolCallID != nil {
            return ".tool_call_id: role tool alone has it, not \(message.role)"
        }
        for (index, call) in message.toolCalls.enumerated() {
            if call.name.isEmpty { return ".tool_calls[\(index)]: the function must have a name" }
            if let problem = problem(ofName: call.name) { return ".tool_calls[\(index)].function.name\(problem)" }
            if let problem = problem(ofName: call.id) { return ".tool_calls[\(index)].id\(problem)" }
        }
        return problem(ofName: message.toolCallID).map { ".tool_call_id" + $0 }
            ?? problem(ofName: message.name).map { ".name" + $0 }
    }

    private func problem(ofName name: [UInt8]?) -> String? {
        guard let name, name.count > nameBytes else { return nil }
        return " may have at most \(nameBytes) bytes, not \(name.count)"
    }
}
