internal import CascadeCore
internal import CascadeHost

/// What `cascade submit --json` prints; keys in snake case.
struct SubmitResult: Encodable {
    var jobId: String
    var text: String
    var tokens: [Token]
    var finishReason: String
    var error: Nullable<String>
    /// Whether nodes without models made the answer up.
    var synthetic: Bool
    var usage: Usage
    var speculativeDecoding: SpeculativeDecoding
    var cascade: Cascade
    var timing: Timing
    /// One entry a token of the answer, where `--explain` asks; absent else.
    var explanation: [TokenExplanation]?

    struct Usage: Encodable {
        var promptTokens: Int
        var completionTokens: Int
    }

    /// vLLM's names, so that tools which read its reports read ours.
    struct SpeculativeDecoding: Encodable {
        var meanAcceptanceLength: Nullable<Double>
        var draftAcceptanceRate: Nullable<Double>
        var numSpecSteps: UInt64
        var numDraftTokens: UInt64
        var numAcceptedDraftTokens: UInt64
        var acceptanceHistogram: [UInt64]
    }

    struct Cascade: Encodable {
        var rule: String
        var alpha: Nullable<Double>
        /// The second knob of `typical` and of `top-k-delta`; null for other rules.
        var delta: Nullable<Double>
        var topN: Nullable<Int>
        var gate: String
        var bonusPolicy: String
        var verifyMethod: String
        var strictPrefixTokens: Int
        var temperature: Double
        var topK: Int
        var topP: Double
        var minP: Double
        var seed: UInt64
        /// A number, or `adaptive`.
        var numSpeculativeTokens: DraftLengthValue
        var drafterKind: String
        var draftPMin: Double
        var drafted: UInt64
        var matched: UInt64
        var kept: UInt64
        var deferred: UInt64
        var recovered: UInt64
        var bonus: UInt64
        var discarded: UInt64
        /// Committed tokens behind the end of the answer.
        var cut: UInt64
        var relaxed: UInt64
        var unruledPositions: UInt64
        /// Rounds in which an expert scored something.
        var expertPasses: UInt64
        var draftSources: DraftSources
        /// Accepted tokens that lookup drafted: what the answer copied.
        var copied: UInt64
    }

    /// Drafted tokens by what drafted them.
    struct DraftSources: Encodable {
        var model: UInt64
        var lookup: UInt64
    }

    struct Timing: Encodable {
        var queueMs: Double
        var firstTokenMs: Nullable<Double>
        var totalMs: Double
        var tokensPerSecond: Nullable<Double>
    }
}
