internal import CascadeJSON

/// The parts of a chat's message: content, reasoning by vLLM's name, calls of tools.
enum ToolBlocks {
    /// `message` of a whole answer.
    static func message(_ choice: ChoiceState) -> JSONValue {
        let isCallAlone = choice.text.isEmpty && !choice.toolCalls.isEmpty
        var members: [JSONValue.Member] = [
            .init(key: "role", value: "assistant"),
            .init(key: "content", value: isCallAlone ? .null : .string(choice.text)),
            .init(key: "refusal", value: .null),
        ]
        if !choice.reasoning.isEmpty {
            members.append(.init(key: "reasoning_content", value: .string(choice.reasoning)))
        }
        if !choice.toolCalls.isEmpty {
            members.append(.init(key: "tool_calls", value: .array(choice.toolCalls.map { .object(call($0)) })))
        }
        return .object(members)
    }

    /// `delta` of a stream's chunk. `number` counts the choice's calls.
    static func delta(_ part: OutputPart, _ number: Int, _ choice: ChoiceState) -> JSONValue {
        switch part {
        case .content(let text): return ["content": .string(text)]
        case .reasoning(let text): return ["reasoning_content": .string(text)]
        case .toolCall(let name, let arguments):
            let own = ChatMessage.ToolCall(id: choice.callID(number), name: name, arguments: arguments)
            return ["tool_calls": [.object([.init(key: "index", value: .integer(number))] + call(own))]]
        }
    }

    private static func call(_ call: ChatMessage.ToolCall) -> [JSONValue.Member] {
        [
            .init(key: "id", value: .string(call.id)), .init(key: "type", value: "function"),
            .init(key: "function", value: ["name": .string(call.name), "arguments": .string(call.arguments)]),
        ]
    }
}
