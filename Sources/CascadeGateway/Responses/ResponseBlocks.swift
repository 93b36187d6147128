internal import CascadeCore
internal import CascadeJSON

/// The object of a response as far as it has come.
struct ResponseBlocks: Sendable {
    /// How far it has come.
    enum Stage: Equatable, Sendable {
        case going
        case ended(FinishedCompletion)
        case failed(GatewayError)
    }

    /// What was asked.
    let call: CompletionCall
    /// What is repeated of it.
    let echo: ResponsesEcho
    /// The random part of the names of the response and of its message.
    let name: String
    /// `created_at`: seconds since the beginning of 1970.
    let created: Int

    /// The name of the message in it.
    var itemID: String { "msg_" + name }

    /// A response that has `output`. `choice` is given for one that has ended: it says what speculation did.
    func response(_ stage: Stage, model: String?, output: [JSONValue], of choice: ChoiceState?) -> JSONValue {
        let request = call.requests[0]
        var members: [JSONValue.Member] = [
            .init(key: "id", value: .string("resp_" + name)), .init(key: "object", value: "response"),
            .init(key: "created_at", value: .integer(created)),
        ]
        members += Self.state(stage)
        members += [
            .init(key: "instructions", value: .optional(echo.instructions)),
            .init(key: "max_output_tokens", value: .optional(request.maxTokens)),
            .init(key: "metadata", value: echo.metadata), .init(key: "model", value: .optional(model)),
            .init(key: "output", value: .array(output)),
            .init(key: "temperature", value: .double(request.sampling.temperature)),
            .init(key: "top_p", value: .double(request.sampling.topP)),
        ]
        members += Self.constants
        members.append(.init(key: "usage", value: Self.usage(stage)))
        if let choice {
            members.append(.init(key: "cascade", value: AnswerBlocks.cascade([choice])))
            members.append(.init(key: "metrics", value: AnswerBlocks.metrics([choice])))
        }
        return .object(members)
    }

    /// What is the same in all answers: nothing is kept, and there are no tools.
    private static let constants: [JSONValue.Member] = [
        .init(key: "background", value: false), .init(key: "parallel_tool_calls", value: true),
        .init(key: "previous_response_id", value: .null),
        .init(key: "reasoning", value: ["effort": .null, "summary": .null]), .init(key: "store", value: false),
        .init(key: "text", value: ["format": ["type": "text"]]), .init(key: "tool_choice", value: "none"),
        .init(key: "tools", value: []), .init(key: "truncation", value: "disabled"),
    ]

    private static func state(_ stage: Stage) -> [JSONValue.Member] {
        var (status, error, details): (String, JSONValue, JSONValue) = ("in_progress", .null, .null)
        switch stage {
        case .going: break
        case .ended(let finished):
            status = Self.status(finished)
            if finished.reason == .length { details = ["reason": "max_output_tokens"] }
        case .failed(let told):
            status = "failed"
            error = ["code": .string(Self.code(told)), "message": .string(told.message)]
        }
        return [
            .init(key: "status", value: .string(status)), .init(key: "error", value: error),
            .init(key: "incomplete_details", value: details),
        ]
    }

    /// OpenAI's codes of responses that failed are few.
    private static func code(_ error: GatewayError) -> String {
        switch error.status {
        case 429: "rate_limit_exceeded"
        case 400: "invalid_prompt"
        default: "server_error"
        }
    }

    private static func status(_ finished: FinishedCompletion) -> String {
        finished.reason == .length ? "incomplete" : "completed"
    }

    private static func usage(_ stage: Stage) -> JSONValue {
        guard case .ended(let finished) = stage else { return .null }
        return [
            "input_tokens": .integer(finished.promptTokens),
            "input_tokens_details": ["cache_write_tokens": .number("0"), "cached_tokens": .number("0")],
            "output_tokens": .integer(finished.completionTokens),
            "output_tokens_details": ["reasoning_tokens": .number("0")],
            "total_tokens": .integer(finished.promptTokens + finished.completionTokens),
        ]
    }

    /// The message in the output. `parts` is empty where it has only begun.
    func item(_ stage: Stage, parts: [JSONValue]) -> JSONValue {
        let status =
            switch stage {
            case .going: "in_progress"
            case .ended(let finished): Self.status(finished)
            case .failed: "incomplete"
            }
        return [
            "id": .string(itemID), "type": "message", "status": .string(status), "role": "assistant",
            "content": .array(parts),
        ]
    }

    /// The text in the message; `tokens` is given where the answer tells them.
    func part(_ text: String, tokens: ChoiceState.Piece? = nil) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init(key: "type", value: "output_text"), .init(key: "text", value: .string(text)),
            .init(key: "annotations", value: []), .init(key: "logprobs", value: []),
        ]
        if let tokens { members.append(.init(key: "cascade", value: TokenBlocks.origins(tokens))) }
        return .object(members)
    }
}
