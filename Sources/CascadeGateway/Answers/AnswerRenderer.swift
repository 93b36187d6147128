internal import CascadeJSON

/// How the answer of one call looks: whole, or as the events of a stream. A stream has a renderer of its own, which may
/// count its events or keep what the last ones repeat.
protocol AnswerRenderer: Sendable {
    /// Whether the choices of a whole answer keep their tokens.
    var keepsTokens: Bool { get }
    /// The parameter that has the prompt: what an error names where the prompt is too long.
    var promptParameter: String { get }
    /// What goes out where nothing came for a while.
    var ping: [UInt8] { get }

    /// The whole answer.
    func whole(_ choices: [ChoiceState]) -> JSONValue

    /// The events that open a choice, whose job is accepted.
    mutating func opening(of choice: ChoiceState) -> [UInt8]
    /// The events of a piece; none where nothing of it is worth telling.
    mutating func events(_ piece: ChoiceState.Piece, of choice: ChoiceState) -> [UInt8]
    /// The events of a choice that has ended. `all` is given for the last one.
    mutating func ending(of choice: ChoiceState, all: [ChoiceState]?) -> [UInt8]
    /// What the stream ends with.
    mutating func end(_ choices: [ChoiceState]) -> [UInt8]
    /// What a stream that fails ends with.
    mutating func failure(_ error: GatewayError) -> [UInt8]
}

extension AnswerRenderer {
    var ping: [UInt8] { EventStream.ping }
}

extension AnswerFormat: AnswerRenderer {
    var promptParameter: String { call.kind.promptParameter }

    func opening(of choice: ChoiceState) -> [UInt8] { opening(choice).map(EventStream.event) ?? [] }

    func events(_ piece: ChoiceState.Piece, of choice: ChoiceState) -> [UInt8] {
        isWorthTelling(piece) ? deltas(piece, of: choice).flatMap(EventStream.event) : []
    }

    func ending(of choice: ChoiceState, all: [ChoiceState]?) -> [UInt8] {
        EventStream.event(closing(choice, all: all))
    }

    func end(_ choices: [ChoiceState]) -> [UInt8] {
        (usage(choices).map(EventStream.event) ?? []) + EventStream.done
    }

    func failure(_ error: GatewayError) -> [UInt8] { EventStream.event(error.body) }
}
