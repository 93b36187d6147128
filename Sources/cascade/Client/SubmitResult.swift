internal import CascadeCore
internal import CascadeHost
internal import CascadeNode
internal import Foundation

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
    /// Where `--logprobs` asks; absent else.
    var logprobs: LogprobsResult?

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
        var presencePenalty: Double
        var frequencyPenalty: Double
        var repetitionPenalty: Double
        /// By the token's number; null without one.
        var logitBias: Nullable<[String: Double]>
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

extension SubmitResult {
    /// The JSON object of a job's report; `explained` tells how its tokens came to be and `likely` how likely they
    /// were, nil where nobody asked.
    init(_ report: JobReport, explained: [ExplainedToken]? = nil, likely: [ExplainedToken]? = nil) {
        explanation = explained.map { TokenExplanation.list($0, text: report.text) }
        logprobs = likely.map(LogprobsResult.init)
        jobId = report.job.description
        text = String(decoding: report.text, as: UTF8.self)
        tokens = report.tokens
        finishReason = report.reason.name
        error = Nullable(report.error?.message)
        synthetic = report.isSynthetic
        usage = Usage(promptTokens: Int(report.promptTokens), completionTokens: report.tokens.count)
        let counts = report.counts
        speculativeDecoding = SpeculativeDecoding(
            meanAcceptanceLength: Nullable(counts.meanAcceptanceLength),
            draftAcceptanceRate: Nullable(counts.draftAcceptanceRate),
            numSpecSteps: counts.draftedRounds,
            numDraftTokens: counts.drafted,
            numAcceptedDraftTokens: counts.accepted,
            acceptanceHistogram: counts.acceptanceHistogram
        )
        cascade = Cascade(
            rule: report.rule.rule.rawValue,
            alpha: Nullable(report.rule.ownAlpha),
            delta: Nullable(report.rule.rule.traits.second == .delta ? report.rule.delta : nil),
            topN: Nullable(report.rule.rule.traits.second == .topN ? report.rule.topN : nil),
            gate: report.rule.gate.rawValue,
            bonusPolicy: report.rule.bonus.rawValue,
            verifyMethod: report.rule.verifyMethod.rawValue,
            strictPrefixTokens: report.rule.strictPrefixTokens,
            temperature: report.sampling.temperature,
            topK: report.sampling.topK,
            topP: report.sampling.topP,
            minP: report.sampling.minP,
            presencePenalty: report.sampling.presencePenalty,
            frequencyPenalty: report.sampling.frequencyPenalty,
            repetitionPenalty: report.sampling.repetitionPenalty,
            logitBias: Nullable(report.sampling.biasByToken),
            seed: report.seed,
            numSpeculativeTokens: DraftLengthValue(draftLength: report.draftLength),
            drafterKind: report.drafterKind.rawValue,
            draftPMin: report.draftMinimumConfidence,
            drafted: counts.drafted,
            matched: counts.matched,
            kept: counts.kept,
            deferred: counts.deferred,
            recovered: counts.recovered,
            bonus: counts.bonus,
            discarded: counts.discarded,
            cut: counts.cut,
            relaxed: counts.relaxed,
            unruledPositions: counts.unruledPositions,
            expertPasses: counts.expertRounds,
            draftSources: DraftSources(model: counts.drafted - counts.lookupDrafted, lookup: counts.lookupDrafted),
            copied: counts.lookupAccepted
        )
        timing = Timing(
            queueMs: report.queueMilliseconds,
            firstTokenMs: Nullable(report.firstTokenMilliseconds),
            totalMs: report.totalMilliseconds,
            tokensPerSecond: Nullable(report.tokensPerSecond)
        )
    }
}

extension JobReport {
    /// Tokens per second from the start of work to the end, the prompt's time included: a round commits several tokens
    /// at once, so time counted from the first one would flatter short answers. Nil without tokens.
    var tokensPerSecond: Double? {
        let milliseconds = totalMilliseconds - queueMilliseconds
        return tokens.isEmpty || milliseconds <= 0 ? nil : Double(tokens.count) / milliseconds * 1_000
    }
}

/// What `cascade submit` says under an answer.
enum SubmitSummary {
    /// For everybody, e.g. `[64 tokens in 5.1 s, 12.6 a second; 40 of them drafted, 7 copied; seed 7]`.
    static func line(_ report: JobReport) -> String {
        let counts = report.counts
        var parts = ["\(plural(report.tokens.count, "token")) in \(decimalText(report.totalMilliseconds / 1_000, 1)) s"]
        if let rate = report.tokensPerSecond { parts[0] += ", \(decimalText(rate, 1)) a second" }
        // Some of what was accepted may lie behind the answer's end.
        let copied = min(Int(counts.lookupAccepted), report.tokens.count)
        let drafted = min(Int(counts.accepted), report.tokens.count) - copied
        var sources: [String] = []
        if drafted > 0 { sources.append("\(drafted) of them by the drafter") }
        if copied > 0 { sources.append("\(copied) of them copied from the text before") }
        if !sources.isEmpty { parts.append(sources.joined(separator: ", ")) }
        if report.sampling.temperature > 0 { parts.append("seed \(report.seed)") }
        switch report.reason {
        case .stop, .error: break
        case .length: parts.append("token limit reached")
        case .cancelled: parts.append("cancelled")
        }
        return "[" + parts.joined(separator: "; ") + "]"
    }

    /// For those who know speculation, e.g. `[17 rounds · mean acceptance length 3.76 · accepted 47 of 68 drafted]`,
    /// and more of the kind.
    static func statistics(_ report: JobReport) -> String {
        let counts = report.counts
        var parts = [plural(Int(counts.rounds), "round")]
        if let length = counts.meanAcceptanceLength {
            parts.append("mean acceptance length \(decimalText(length, 2))")
            parts.append(
                "accepted \(counts.accepted) of \(counts.drafted) drafted, kept \(counts.kept), "
                    + "deferred \(counts.deferred), recovered \(counts.recovered), bonus \(counts.bonus)"
            )
            if counts.lookupAccepted > 0 { parts.append("copied \(counts.lookupAccepted)") }
        } else {
            parts.append("no drafts: plain expert decoding")
        }
        var rule = report.rule.rule.rawValue
        if let alpha = report.rule.ownAlpha { rule += " alpha \(alpha)" }
        if report.rule.verifyMethod != .rejection { rule += ", \(report.rule.verifyMethod.rawValue)" }
        parts.append(rule)
        if report.sampling.temperature > 0 { parts.append("seed \(report.seed)") }
        parts.append(report.reason.name)
        return "[" + parts.joined(separator: " · ") + "]"
    }
}
