/// What speculation did for a sequence, a job or a process: the ledger of decisions.md 14.
/// `drafted = kept + matched + recovered + discarded` and `emitted = kept + matched + recovered + bonus - cut`.
package struct SpeculationCounts: Equatable, Sendable {
    /// Rounds committed, with or without a draft.
    package var rounds: UInt64
    /// Those in which an expert had a say: its passes. Fewer than all under the sequential baselines only.
    package var expertRounds: UInt64
    /// Rounds with a draft: `num_spec_steps`.
    package var draftedRounds: UInt64
    /// Tokens drafted in committed rounds.
    package var drafted: UInt64
    /// Accepted because the rule said so, without a coin.
    package var kept: UInt64
    /// Accepted by the coin.
    package var matched: UInt64
    /// Positions where the expert's residual token took the draft's place.
    package var recovered: UInt64
    /// The expert's tokens behind a fully accepted or an empty draft.
    package var bonus: UInt64
    /// Drafted tokens behind the first rejection.
    package var discarded: UInt64
    /// Accepted, although the expert's own distribution would have rejected the token.
    package var relaxed: UInt64
    /// Judged tokens behind a stop or the token limit, not emitted.
    package var cut: UInt64
    /// Emitted tokens that no rule judged against a drafter model's: bonus tokens, rounds without a draft, and rounds
    /// whose draft was looked up.
    package var unruledPositions: UInt64
    /// Those of the drafted tokens that lookup drafted.
    package var lookupDrafted: UInt64
    /// Those of the accepted tokens that lookup drafted: copied text.
    package var lookupAccepted: UInt64
    /// Drafted rounds by number of accepted tokens.
    package var acceptanceHistogram: [UInt64]

    /// Creates the value from its parts.
    package init(
        rounds: UInt64 = 0,
        expertRounds: UInt64 = 0,
        draftedRounds: UInt64 = 0,
        drafted: UInt64 = 0,
        kept: UInt64 = 0,
        matched: UInt64 = 0,
        recovered: UInt64 = 0,
        bonus: UInt64 = 0,
        discarded: UInt64 = 0,
        relaxed: UInt64 = 0,
        cut: UInt64 = 0,
        unruledPositions: UInt64 = 0,
        lookupDrafted: UInt64 = 0,
        lookupAccepted: UInt64 = 0,
        acceptanceHistogram: [UInt64] = []
    ) {
        self.rounds = rounds
        self.expertRounds = expertRounds
        self.draftedRounds = draftedRounds
        self.drafted = drafted
        self.kept = kept
        self.matched = matched
        self.recovered = recovered
        self.bonus = bonus
        self.discarded = discarded
        self.relaxed = relaxed
        self.cut = cut
        self.unruledPositions = unruledPositions
        self.lookupDrafted = lookupDrafted
        self.lookupAccepted = lookupAccepted
        self.acceptanceHistogram = acceptanceHistogram
    }

    /// Drafted tokens that were committed.
    package var accepted: UInt64 { kept + matched }

    /// Judged positions where the rule deferred to the expert's distribution.
    package var deferred: UInt64 { matched + recovered }

    /// Tokens per drafted round, the expert's own included (vLLM's definition); nil before the first draft.
    package var meanAcceptanceLength: Double? {
        draftedRounds == 0 ? nil : 1 + Double(accepted) / Double(draftedRounds)
    }

    /// Share of drafted tokens that were committed; nil before the first draft.
    package var draftAcceptanceRate: Double? {
        drafted == 0 ? nil : Double(accepted) / Double(drafted)
    }
}
