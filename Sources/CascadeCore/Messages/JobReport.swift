/// What came of a job, as `cascade submit --json` prints it.
package struct JobReport: Equatable, Sendable {
    /// The job.
    package var job: JobID
    /// How the answer ended.
    package var reason: FinishReason
    /// What failed, where something did.
    package var error: JobError?
    /// The answer's tokens, an end token included.
    package var tokens: [Token]
    /// The answer's text: all text deltas in a row.
    package var text: [UInt8]
    /// Tokens of the prompt, template included.
    package var promptTokens: UInt32
    /// The sampling in force.
    package var sampling: SamplingSettings
    /// The rule in force.
    package var rule: RuleSettings
    /// The seed in force.
    package var seed: UInt64
    /// The draft length in force.
    package var draftLength: DraftLength
    /// What was allowed to draft.
    package var drafterKind: DrafterKind
    /// `--draft-p-min`: the drafter stopped where its largest probability was below this.
    package var draftMinimumConfidence: Double
    /// What speculation did.
    package var counts: SpeculationCounts
    /// From acceptance to the first request to a node.
    package var queueMilliseconds: Double
    /// From acceptance to the first committed token.
    package var firstTokenMilliseconds: Double?
    /// From acceptance to the end.
    package var totalMilliseconds: Double
    /// Whether nodes without models made the answer up.
    package var isSynthetic: Bool

    /// Creates the value from its parts.
    package init(
        job: JobID,
        reason: FinishReason,
        error: JobError?,
        tokens: [Token],
        text: [UInt8],
        promptTokens: UInt32,
        sampling: SamplingSettings,
        rule: RuleSettings,
        seed: UInt64,
        draftLength: DraftLength,
        drafterKind: DrafterKind,
        draftMinimumConfidence: Double,
        counts: SpeculationCounts,
        queueMilliseconds: Double,
        firstTokenMilliseconds: Double?,
        totalMilliseconds: Double,
        isSynthetic: Bool = false
    ) {
        self.job = job
        self.reason = reason
        self.error = error
        self.tokens = tokens
        self.text = text
        self.promptTokens = promptTokens
        self.sampling = sampling
        self.rule = rule
        self.seed = seed
        self.draftLength = draftLength
        self.drafterKind = drafterKind
        self.draftMinimumConfidence = draftMinimumConfidence
        self.counts = counts
        self.queueMilliseconds = queueMilliseconds
        self.firstTokenMilliseconds = firstTokenMilliseconds
        self.totalMilliseconds = totalMilliseconds
        self.isSynthetic = isSynthetic
    }
}
