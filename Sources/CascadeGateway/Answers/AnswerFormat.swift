internal import CascadeCore
import CascadeJSON

/// How the answer of one call looks, whole or in chunks.
struct AnswerFormat: Sendable {
    /// What was asked.
    let call: CompletionCall
    /// `id`: random.
    let id: String
    /// `created`: seconds since the beginning of 1970.
    let created: Int

    /// Prompts that share one count of prompt tokens.
    private var samples: Int { call.requests.first?.samples ?? 1 }

    private func tellsLogprobs(_ index: Int) -> Bool { call.requests[index].logprobs != nil }

    /// Whether the choices keep their tokens for the end.
    var keepsTokens: Bool { call.tellsTokens || call.requests.contains { $0.logprobs != nil } }

    /// Whether a piece is worth a chunk.
    func isWorthTelling(_ piece: ChoiceState.Piece) -> Bool {
        !piece.text.isEmpty || keepsTokens && !piece.tokens.isEmpty
    }

    private func head(_ object: String, model: String?) -> [JSONValue.Member] {
        [
            .init(key: "id", value: .string(id)), .init(key: "object", value: .string(object)),
            .init(key: "created", value: .integer(created)), .init(key: "model", value: .optional(model)),
        ]
    }

    private func tokenMembers(_ piece: ChoiceState.Piece, choice: Int) -> [JSONValue.Member] {
        let blocks: JSONValue =
            switch call.kind {
            case _ where !tellsLogprobs(choice): .null
            case .chat: TokenBlocks.chat(piece)
            case .text: TokenBlocks.text(piece)
            }
        var members = [JSONValue.Member(key: "logprobs", value: blocks)]
        if call.tellsTokens { members.append(.init(key: "cascade", value: TokenBlocks.origins(piece))) }
        return members
    }

    private func reason(_ choice: ChoiceState) -> JSONValue { .optional(choice.finished?.reason.rawValue) }

    // MARK: Whole

    /// The whole answer.
    func whole(_ choices: [ChoiceState]) -> JSONValue {
        let object = call.kind == .chat ? "chat.completion" : "text_completion"
        let list = choices.map { choice -> JSONValue in
            var members = [JSONValue.Member(key: "index", value: .integer(choice.index))]
            switch call.kind {
            case .chat:
                let message: JSONValue = [
                    "role": "assistant", "content": .string(choice.text), "refusal": .null,
                ]
                members.append(.init(key: "message", value: message))
            case .text: members.append(.init(key: "text", value: .string(choice.text)))
            }
            members += tokenMembers(choice.whole, choice: choice.index)
            members.append(.init(key: "finish_reason", value: reason(choice)))
            return .object(members)
        }
        return .object(
            head(object, model: choices.first?.accepted?.model) + [.init(key: "choices", value: .array(list))]
                + ending(choices, withUsage: true)
        )
    }

    private func ending(_ choices: [ChoiceState], withUsage: Bool) -> [JSONValue.Member] {
        var members: [JSONValue.Member] = []
        if withUsage {
            members.append(.init(key: "usage", value: AnswerBlocks.usage(choices, samples: samples)))
        }
        members.append(.init(key: "cascade", value: AnswerBlocks.cascade(choices)))
        members.append(.init(key: "metrics", value: AnswerBlocks.metrics(choices)))
        return members
    }

    // MARK: Chunks

    private func chunk(_ choice: ChoiceState?, _ members: [JSONValue.Member], model: String?) -> [JSONValue.Member] {
        var list: [JSONValue] = []
        if let choice { list = [.object([.init(key: "index", value: .integer(choice.index))] + members)] }
        let object = call.kind == .chat ? "chat.completion.chunk" : "text_completion"
        return head(object, model: model) + [.init(key: "choices", value: .array(list))]
    }

    /// The chunk that opens a chat's choice with the role; nil for texts, which have none.
    func opening(_ choice: ChoiceState) -> JSONValue? {
        guard call.kind == .chat else { return nil }
        let members: [JSONValue.Member] = [
            .init(key: "delta", value: ["role": "assistant", "content": ""]), .init(key: "logprobs", value: .null),
            .init(key: "finish_reason", value: .null),
        ]
        return .object(chunk(choice, members, model: choice.accepted?.model) + noUsage)
    }

    /// A chunk with a piece of a choice.
    func delta(_ piece: ChoiceState.Piece, of choice: ChoiceState) -> JSONValue {
        var members: [JSONValue.Member] = []
        switch call.kind {
        case .chat: members.append(.init(key: "delta", value: ["content": .string(piece.text)]))
        case .text: members.append(.init(key: "text", value: .string(piece.text)))
        }
        members += tokenMembers(piece, choice: choice.index)
        members.append(.init(key: "finish_reason", value: .null))
        return .object(chunk(choice, members, model: choice.accepted?.model) + noUsage)
    }

    /// The chunk that says how a choice ended. `all` is given for the last one: unless a chunk with the usage follows,
    /// it says what speculation did.
    func closing(_ choice: ChoiceState, all: [ChoiceState]?) -> JSONValue {
        let content: JSONValue.Member =
            switch call.kind {
            case .chat: .init(key: "delta", value: [:])
            case .text: .init(key: "text", value: "")
            }
        let members = [
            content, .init(key: "logprobs", value: .null), .init(key: "finish_reason", value: reason(choice)),
        ]
        var object = chunk(choice, members, model: choice.accepted?.model) + noUsage
        if let all, !call.includesUsage { object += ending(all, withUsage: false) }
        return .object(object)
    }

    /// The last chunk where the client asked for the usage: no choices, all counts.
    func usage(_ choices: [ChoiceState]) -> JSONValue? {
        guard call.includesUsage else { return nil }
        return .object(chunk(nil, [], model: choices.first?.accepted?.model) + ending(choices, withUsage: true))
    }

    /// Chunks before the usage have it as null, where it is asked for.
    private var noUsage: [JSONValue.Member] {
        call.includesUsage ? [.init(key: "usage", value: .null)] : []
    }
}
