internal import CascadeCore
internal import CascadeHost
internal import CascadeNode

extension SubmitResult {
    /// The JSON object of a job's report; `explained` tells how its tokens came to be, nil where nobody asked.
    init(_ report: JobReport, explained: [ExplainedToken]? = nil) {
        explanation = explained.map { TokenExplanation.list($0, text: report.text) }
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
