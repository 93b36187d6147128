/// What a round added to an answer, and what the next round stands on beside it.
package struct CommittedTokens: Equatable, Sendable {
    /// With the first tokens: what the whole answer stands on.
    package var start: AnswerStart?
    /// Tokens of the answer before these.
    package var offset: UInt32
    /// The tokens.
    package var tokens: [Token]
    /// Where each of them came from.
    package var origins: [Origin]
    /// How each of them came to be; none where the job did not ask.
    package var explanations: [Explanation]
    /// Text that was released with them.
    package var text: [UInt8]
    /// The job's ledger with them.
    package var counts: SpeculationCounts
    /// The round that committed them, counted from 1.
    package var round: UInt32
    /// Of a sequential baseline: whether the next token is the expert's.
    package var isExpertsTurn: Bool
    /// Since the job was accepted, without the time in which no coordinator ran.
    package var ageMilliseconds: Double

    /// Creates the value from its parts.
    package init(
        start: AnswerStart?,
        offset: UInt32,
        tokens: [Token],
        origins: [Origin],
        explanations: [Explanation],
        text: [UInt8],
        counts: SpeculationCounts,
        round: UInt32,
        isExpertsTurn: Bool,
        ageMilliseconds: Double
    ) {
        self.start = start
        self.offset = offset
        self.tokens = tokens
        self.origins = origins
        self.explanations = explanations
        self.text = text
        self.counts = counts
        self.round = round
        self.isExpertsTurn = isExpertsTurn
        self.ageMilliseconds = ageMilliseconds
    }
}
