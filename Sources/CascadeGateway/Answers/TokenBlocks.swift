internal import CascadeCore
import CascadeJSON

/// What answers tell of single tokens.
enum TokenBlocks {
    /// JSON has no infinity: what OpenAI sends for a token that could not be.
    private static let leastLogprob = -9_999.0

    private static func logprob(_ value: Double?) -> JSONValue {
        .optional(value.map { $0.isNaN ? leastLogprob : max($0, leastLogprob) })
    }

    /// `logprobs` of a chat's choice.
    static func chat(_ piece: ChoiceState.Piece) -> JSONValue {
        let content = piece.tokens.map { token -> JSONValue in
            [
                "token": .string(token.piece.text), "logprob": logprob(token.logprob ?? leastLogprob),
                "bytes": .array(token.piece.bytes.map(JSONValue.integer)),
                "top_logprobs": .array(
                    token.top.map {
                        [
                            "token": .string($0.piece.text), "logprob": logprob($0.logprob),
                            "bytes": .array($0.piece.bytes.map(JSONValue.integer)),
                        ]
                    }
                ),
            ]
        }
        return ["content": .array(content), "refusal": .null]
    }

    /// `logprobs` of a text's choice.
    static func text(_ piece: ChoiceState.Piece) -> JSONValue {
        var offset = piece.textOffset
        var offsets: [JSONValue] = []
        for token in piece.tokens {
            offsets.append(.integer(offset))
            offset += token.piece.text.unicodeScalars.count
        }
        return [
            "text_offset": .array(offsets),
            "token_logprobs": .array(piece.tokens.map { logprob($0.logprob) }),
            "tokens": .array(piece.tokens.map { .string($0.piece.text) }),
            "top_logprobs": .array(piece.tokens.map(top)),
        ]
    }

    /// The likeliest tokens by their text, and the chosen one. Where two have the same text, the likelier counts.
    private static func top(_ token: EmittedToken) -> JSONValue {
        var members: [JSONValue.Member] = []
        let chosen = token.logprob.map { RankedToken(piece: token.piece, logprob: $0) }
        for ranked in token.top + (chosen.map { [$0] } ?? [])
        where !members.contains(where: { $0.key == ranked.piece.text }) {
            members.append(JSONValue.Member(key: ranked.piece.text, value: logprob(ranked.logprob)))
        }
        return .object(members)
    }

    /// `cascade.tokens` of a choice: where each token came from.
    static func origins(_ piece: ChoiceState.Piece) -> JSONValue {
        let tokens = piece.tokens.map { token -> JSONValue in
            ["id": .integer(token.piece.id), "text": .string(token.piece.text), "origin": .string(token.origin.name)]
        }
        return ["tokens": .array(tokens)]
    }
}

extension Origin {
    /// The name in JSON.
    var name: String {
        switch self {
        case .matched: "matched"
        case .kept: "kept"
        case .expert: "expert"
        }
    }
}
