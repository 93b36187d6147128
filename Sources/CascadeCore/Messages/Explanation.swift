/// What a job may ask to be told of each token of its answer: how it came to be, for `cascade submit --explain`, and
/// the expert's log probabilities, for `--logprobs`.
package struct Explanation: Equatable, Sendable {
    /// The token that was drafted at the position, and what was said of it. It is the answer's token unless the
    /// expert's took its place.
    package struct Draft: Equatable, Sendable {
        /// The drafted token.
        package var token: Token
        /// What drafted it.
        package var source: DraftSource
        /// Its probability in the row that it was drawn from: q(x).
        package var probability: Double
        /// What the rule's gate reads of the drafter.
        package var gate: DraftGate
        /// The expert's word on it; nil where no expert was asked.
        package var evidence: Evidence?
        /// The number that was compared with the evidence's ratio; nil where the rule's word alone counted.
        package var coin: Double?

        /// Creates the value from its parts.
        package init(
            token: Token,
            source: DraftSource,
            probability: Double,
            gate: DraftGate,
            evidence: Evidence?,
            coin: Double?
        ) {
            self.token = token
            self.source = source
            self.probability = probability
            self.gate = gate
            self.evidence = evidence
            self.coin = coin
        }
    }

    /// The round that committed the token.
    package var round: UInt32
    /// Bytes of text that the token stands for.
    package var textBytes: UInt32
    /// What was drafted here; nil where nothing was and the token is the expert's own, or the job did not ask how
    /// tokens came to be.
    package var draft: Draft?
    /// What the expert's row says here; nil where the job did not ask, a drafter's word was enough (under a sequential
    /// baseline), or the expert is of a version that does not know of this.
    package var logprobs: TokenLogprobs?

    /// Creates the value from its parts.
    package init(round: UInt32, textBytes: UInt32, draft: Draft?, logprobs: TokenLogprobs? = nil) {
        self.round = round
        self.textBytes = textBytes
        self.draft = draft
        self.logprobs = logprobs
    }

    /// Bytes of memory that keeping it costs, about.
    package var heldBytes: Int { MemoryLayout<Self>.stride + (logprobs?.heldBytes ?? 0) }
}
