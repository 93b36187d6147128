internal import CascadeCore
internal import CascadeJSON

/// How the answer of `/v1/responses` looks: a response, or its events.
struct ResponsesFormat: AnswerRenderer {
    private let blocks: ResponseBlocks
    /// The number of the next event.
    private var number = 0
    /// The text of a stream so far: its last events repeat it.
    private var text = ""
    /// The model of a stream.
    private var model: String?

    init(blocks: ResponseBlocks) { self.blocks = blocks }

    let promptParameter = "input"

    var keepsTokens: Bool { blocks.call.tellsTokens }

    func whole(_ choices: [ChoiceState]) -> JSONValue {
        let choice = choices[0]
        let stage = choice.finished.map(ResponseBlocks.Stage.ended) ?? .going
        let part = blocks.part(choice.text, tokens: keepsTokens ? choice.whole : nil)
        let item = blocks.item(stage, parts: [part])
        return blocks.response(stage, model: choice.accepted?.model, output: [item], of: choice)
    }

    // MARK: Events

    private mutating func event(_ name: String, _ members: [JSONValue.Member]) -> [UInt8] {
        let head: [JSONValue.Member] = [
            .init(key: "type", value: .string(name)), .init(key: "sequence_number", value: .integer(number)),
        ]
        number += 1
        return EventStream.event(named: name, .object(head + members))
    }

    /// Where in the response a piece of text stands.
    private var place: [JSONValue.Member] {
        [
            .init(key: "item_id", value: .string(blocks.itemID)), .init(key: "output_index", value: .number("0")),
            .init(key: "content_index", value: .number("0")),
        ]
    }

    private func item(_ item: JSONValue) -> [JSONValue.Member] {
        [.init(key: "output_index", value: .number("0")), .init(key: "item", value: item)]
    }

    private mutating func response(_ name: String, _ response: JSONValue) -> [UInt8] {
        event(name, [.init(key: "response", value: response)])
    }

    mutating func opening(of choice: ChoiceState) -> [UInt8] {
        model = choice.accepted?.model
        let begun = blocks.response(.going, model: model, output: [], of: nil)
        return response("response.created", begun) + response("response.in_progress", begun)
            + event("response.output_item.added", item(blocks.item(.going, parts: [])))
            + event("response.content_part.added", place + [.init(key: "part", value: blocks.part(""))])
    }

    mutating func events(_ piece: ChoiceState.Piece, of choice: ChoiceState) -> [UInt8] {
        guard !piece.text.isEmpty || keepsTokens && !piece.tokens.isEmpty else { return [] }
        text += piece.text
        var members = place
        members += [.init(key: "delta", value: .string(piece.text)), .init(key: "logprobs", value: [])]
        if keepsTokens { members.append(.init(key: "cascade", value: TokenBlocks.origins(piece))) }
        return event("response.output_text.delta", members)
    }

    mutating func ending(of choice: ChoiceState, all: [ChoiceState]?) -> [UInt8] {
        guard let finished = choice.finished else { return [] }
        let stage = ResponseBlocks.Stage.ended(finished)
        let (part, place) = (blocks.part(text), self.place)
        let message = blocks.item(stage, parts: [part])
        let whole = blocks.response(stage, model: model, output: [message], of: choice)
        return event(
            "response.output_text.done",
            place + [.init(key: "text", value: .string(text)), .init(key: "logprobs", value: [])]
        )
            + event("response.content_part.done", place + [.init(key: "part", value: part)])
            + event("response.output_item.done", item(message))
            + response(finished.reason == .length ? "response.incomplete" : "response.completed", whole)
    }

    /// The last event of a choice is the stream's.
    func end(_ choices: [ChoiceState]) -> [UInt8] { [] }

    mutating func failure(_ error: GatewayError) -> [UInt8] {
        let stage = ResponseBlocks.Stage.failed(error)
        let output = text.isEmpty ? [] : [blocks.item(stage, parts: [blocks.part(text)])]
        return response("response.failed", blocks.response(stage, model: model, output: output, of: nil))
    }
}
