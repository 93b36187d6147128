internal import CascadeCore
internal import CascadeJSON

/// How the answer of `/v1/messages` looks: Anthropic's message, or its events.
struct MessagesFormat: AnswerRenderer {
    /// What was asked.
    private let call: CompletionCall
    /// `id` of the message: random.
    private let id: String
    /// Which request it is, for errors.
    private let requestID: String
    /// The bytes of all tokens of a stream, where a string may end it.
    private var bytes: [UInt8] = []

    init(call: CompletionCall, id: String, requestID: String) {
        (self.call, self.id, self.requestID) = (call, id, requestID)
    }

    let promptParameter = "messages"

    private var request: CompletionRequest { call.requests[0] }

    var keepsTokens: Bool { call.tellsTokens || findsStop }

    /// Whether the bytes of the tokens are told so that the string that ended the answer is found in them.
    private var findsStop: Bool { !request.stop.isEmpty && request.tellsTokens }

    private func message(_ choice: ChoiceState, _ more: [JSONValue.Member]) -> [JSONValue.Member] {
        [
            .init(key: "id", value: .string(id)), .init(key: "type", value: "message"),
            .init(key: "role", value: "assistant"), .init(key: "model", value: .optional(choice.accepted?.model)),
        ] + more
    }

    private func usage(_ choice: ChoiceState) -> JSONValue {
        [
            "input_tokens": .integer(choice.finished?.promptTokens ?? 0),
            "output_tokens": .integer(choice.finished?.completionTokens ?? 0),
        ]
    }

    /// `stop_reason` and `stop_sequence`.
    private func stop(_ finished: FinishedCompletion?, _ bytes: [UInt8]) -> [JSONValue.Member] {
        var (reason, sequence): (String?, String?) = (nil, nil)
        switch finished?.reason {
        case .stop:
            let found = findsStop ? StopFinder.first(of: request.stop, in: bytes) : nil
            reason = found == nil ? "end_turn" : "stop_sequence"
            sequence = found.map { String(decoding: $0, as: UTF8.self) }
        case .length:
            let isFull = finished?.completionTokens ?? 0 < request.maxTokens ?? 0
            reason = isFull && !request.tellsTokens ? "model_context_window_exceeded" : "max_tokens"
        case nil: break
        }
        return [
            .init(key: "stop_reason", value: .optional(reason)),
            .init(key: "stop_sequence", value: .optional(sequence)),
        ]
    }

    private func blocks(_ choice: ChoiceState) -> [JSONValue.Member] {
        [
            .init(key: "cascade", value: AnswerBlocks.cascade([choice])),
            .init(key: "metrics", value: AnswerBlocks.metrics([choice])),
        ]
    }

    /// The tokens of a piece where they were asked for.
    private func tokens(_ piece: ChoiceState.Piece) -> [JSONValue.Member] {
        call.tellsTokens ? [.init(key: "cascade", value: TokenBlocks.origins(piece))] : []
    }

    func whole(_ choices: [ChoiceState]) -> JSONValue {
        let choice = choices[0]
        let text: [JSONValue.Member] = [
            .init(key: "type", value: "text"), .init(key: "text", value: .string(choice.text)),
        ]
        let content: JSONValue = [.object(text + tokens(choice.whole))]
        let members =
            [JSONValue.Member(key: "content", value: content)]
            + stop(choice.finished, choice.tokens.flatMap(\.piece.bytes))
            + [.init(key: "usage", value: usage(choice))] + blocks(choice)
        return .object(message(choice, members))
    }

    // MARK: Events

    private func event(_ name: String, _ members: [JSONValue.Member] = []) -> [UInt8] {
        EventStream.event(named: name, .object([.init(key: "type", value: .string(name))] + members))
    }

    private static let index = JSONValue.Member(key: "index", value: .number("0"))

    /// Anthropic's clients know it as an event; it is what keeps a silent connection open too.
    var ping: [UInt8] { event("ping") }

    /// The tokens of the prompt are counted when the answer ends: until then the usage says 0.
    func opening(of choice: ChoiceState) -> [UInt8] {
        let members =
            [JSONValue.Member(key: "content", value: [])] + stop(nil, []) + [.init(key: "usage", value: usage(choice))]
        let block: JSONValue = ["type": "text", "text": ""]
        return event("message_start", [.init(key: "message", value: .object(message(choice, members)))])
            + event("content_block_start", [Self.index, .init(key: "content_block", value: block)]) + ping
    }

    mutating func events(_ piece: ChoiceState.Piece, of choice: ChoiceState) -> [UInt8] {
        if findsStop { bytes += piece.tokens.flatMap(\.piece.bytes) }
        guard !piece.text.isEmpty || call.tellsTokens && !piece.tokens.isEmpty else { return [] }
        let delta: JSONValue = ["type": "text_delta", "text": .string(piece.text)]
        return event("content_block_delta", [Self.index, .init(key: "delta", value: delta)] + tokens(piece))
    }

    func ending(of choice: ChoiceState, all: [ChoiceState]?) -> [UInt8] {
        let members: [JSONValue.Member] = [
            .init(key: "delta", value: .object(stop(choice.finished, bytes))),
            .init(key: "usage", value: usage(choice)),
        ]
        return event("content_block_stop", [Self.index]) + event("message_delta", members + blocks(choice))
    }

    func end(_ choices: [ChoiceState]) -> [UInt8] { event("message_stop") }

    func failure(_ error: GatewayError) -> [UInt8] {
        EventStream.event(named: "error", error.anthropicBody(requestID: requestID))
    }
}

/// Finds the string that ended an answer in the bytes of its tokens.
enum StopFinder {
    /// The string that comes first; where several begin at one place, the longest.
    static func first(of strings: [[UInt8]], in bytes: [UInt8]) -> [UInt8]? {
        let longestFirst = strings.sorted { $0.count > $1.count }
        for start in bytes.indices {
            if let found = longestFirst.first(where: { bytes[start...].starts(with: $0) }) { return found }
        }
        return nil
    }
}
