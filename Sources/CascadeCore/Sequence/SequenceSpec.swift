/// Everything about a sequence that does not change from round to round and that a node needs to draft or verify it
/// (decisions.md 11). It travels once per sequence and node, under its ``id``.
package struct SequenceSpec: Equatable, Sendable {
    /// Names the spec on the wire; unique within one coordinator boot.
    package var id: UInt64
    /// Key of the sequence's random streams (decisions.md 1).
    package var seed: UInt64
    /// Which of the job's samples this is: part of the random streams' key.
    package var sample: UInt32
    /// How rows are made from logits.
    package var sampling: SamplingSettings
    /// How drafts are judged.
    package var rule: RuleSettings
    /// The guard set E: tokens that only the expert may commit (decisions.md 4), ascending.
    package var guardTokens: [Token]
    /// Number of prompt tokens: position of the answer's first token.
    package var promptLength: Int
    /// Most entries of a drafted row.
    package var draftSupport: Int
    /// How many of its likeliest tokens an expert tells at each position, and the log probabilities of all tokens that
    /// may be committed there; nil: nothing of this.
    package var logprobs: UInt32?
    /// What the answer's text has to be; nil: anything.
    package var constraint: OutputConstraint?

    /// Creates a spec.
    package init(
        id: UInt64,
        seed: UInt64,
        sample: UInt32 = 0,
        sampling: SamplingSettings = SamplingSettings(),
        rule: RuleSettings = RuleSettings(),
        guardTokens: [Token] = [],
        promptLength: Int = 0,
        draftSupport: Int = 64,
        logprobs: UInt32? = nil,
        constraint: OutputConstraint? = nil
    ) {
        self.id = id
        self.seed = seed
        self.sample = sample
        self.sampling = sampling
        self.rule = rule
        self.guardTokens = guardTokens.sorted()
        self.promptLength = promptLength
        self.draftSupport = draftSupport
        self.logprobs = logprobs
        self.constraint = constraint
    }

    /// Whether the position is judged losslessly because it lies in the strict prefix of the answer.
    package func isStrict(position: Int) -> Bool {
        position - promptLength < rule.strictPrefixTokens
    }
}
