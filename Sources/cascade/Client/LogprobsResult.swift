internal import CascadeCore
internal import CascadeHost
internal import CascadeNode

/// The expert's log probabilities of an answer's tokens, as `cascade submit --logprobs --json` prints them; keys in
/// snake case. The shape is that of `choices[].logprobs` in OpenAI's chat completions, with an id, a rank and an origin
/// more.
struct LogprobsResult: Encodable {
    /// One entry a token of the answer.
    var content: [Entry]

    struct Entry: Encodable {
        /// What the token stands for, half a character as U+FFFD and a control token as nothing; `token_id:N` where
        /// that was not told.
        var token: String
        var id: Token
        /// Null, as the rank is, where no expert's row was asked, or the expert is of a version that does not tell.
        var logprob: Nullable<Double>
        /// 1 for the expert's likeliest token.
        var rank: Nullable<UInt32>
        var bytes: Nullable<[UInt8]>
        /// `matched`, `kept` or `expert`.
        var origin: String
        /// The likeliest first.
        var topLogprobs: [Top]
    }

    struct Top: Encodable {
        var token: String
        var id: Token
        var logprob: Double
        var bytes: Nullable<[UInt8]>
    }

    init(_ tokens: [ExplainedToken]) {
        content = tokens.map { one in
            let told = one.explanation.logprobs
            return Entry(
                token: Self.text(one.token, told?.bytes),
                id: one.token,
                logprob: Nullable(told?.token.value),
                rank: Nullable(told?.token.rank),
                bytes: Nullable(told?.bytes),
                origin: one.origin.name,
                topLogprobs: (told?.top ?? []).map { entry in
                    Top(
                        token: Self.text(entry.top.token, entry.bytes),
                        id: entry.top.token,
                        logprob: entry.top.value,
                        bytes: Nullable(entry.bytes)
                    )
                }
            )
        }
    }

    /// What a token stands for; vLLM too writes `token_id:N` in the place of a text.
    private static func text(_ token: Token, _ bytes: [UInt8]?) -> String {
        bytes.map { String(decoding: $0, as: UTF8.self) } ?? "token_id:\(token)"
    }
}
