package import CascadeCore
import CascadeRules

extension SpeculationCounts {
    /// The ledger of one round of which `emitted` tokens were left after the cut.
    init(_ outcome: RoundOutcome, draft: RoundDraft, emitted: Int, isJudged: Bool) {
        let drafted = draft.positions.count
        self.init(rounds: 1, expertRounds: isJudged ? 1 : 0)
        if drafted > 0 {
            draftedRounds = 1
            acceptanceHistogram = [UInt64](repeating: 0, count: outcome.accepted) + [1]
        }
        self.drafted = UInt64(drafted)
        kept = UInt64(outcome.kept)
        matched = UInt64(outcome.matched)
        recovered = UInt64(outcome.recovered)
        bonus = UInt64(outcome.bonus)
        discarded = UInt64(outcome.discarded)
        relaxed = UInt64(outcome.relaxed)
        cut = UInt64(outcome.tokens.count - emitted)
        if drafted > 0, draft.source == .lookup {
            lookupDrafted = UInt64(drafted)
            lookupAccepted = UInt64(outcome.accepted)
            unruledPositions = UInt64(emitted)
        } else {
            // The bonus is the last token: a cut takes it first.
            unruledPositions = cut == 0 ? bonus : 0
        }
    }

    /// Adds other rounds' ledger.
    package mutating func add(_ other: SpeculationCounts) {
        rounds += other.rounds
        expertRounds += other.expertRounds
        draftedRounds += other.draftedRounds
        drafted += other.drafted
        kept += other.kept
        matched += other.matched
        recovered += other.recovered
        bonus += other.bonus
        discarded += other.discarded
        relaxed += other.relaxed
        cut += other.cut
        unruledPositions += other.unruledPositions
        lookupDrafted += other.lookupDrafted
        lookupAccepted += other.lookupAccepted
        for (index, count) in other.acceptanceHistogram.enumerated() {
            if index == acceptanceHistogram.count { acceptanceHistogram.append(0) }
            acceptanceHistogram[index] += count
        }
    }

    /// Turns a drafter's answer, whose tokens were all kept, into one that was discarded, with what the expert put into
    /// it.
    mutating func discardKept() {
        discarded += kept
        (kept, bonus, cut, unruledPositions) = (0, 0, 0, 0)
        acceptanceHistogram = draftedRounds == 0 ? [] : [draftedRounds]
    }

    /// What is wrong with the ledger of an answer of `emitted` tokens (decisions.md 14), in words; nil when it
    /// balances.
    package func problem(emitted: Int) -> String? {
        if drafted != kept + matched + recovered + discarded {
            return """
                drafted \(drafted) is not kept \(kept) + matched \(matched) + recovered \(recovered) + discarded \
                \(discarded)
                """
        }
        if UInt64(emitted) + cut != kept + matched + recovered + bonus {
            return """
                emitted \(emitted) + cut \(cut) is not kept \(kept) + matched \(matched) + recovered \(recovered) + \
                bonus \(bonus)
                """
        }
        if acceptanceHistogram.reduce(0, +) != draftedRounds {
            return "the histogram \(acceptanceHistogram) does not add up to \(draftedRounds) drafted rounds"
        }
        let accepted = acceptanceHistogram.enumerated().reduce(0) { $0 + UInt64($1.offset) * $1.element }
        if accepted != self.accepted {
            return "the histogram \(acceptanceHistogram) says \(accepted) tokens were accepted, not \(self.accepted)"
        }
        if relaxed > accepted { return "relaxed \(relaxed) is more than accepted \(accepted)" }
        if lookupAccepted > lookupDrafted || lookupDrafted > drafted || lookupAccepted > self.accepted {
            return "lookup's \(lookupAccepted) of \(lookupDrafted) do not fit \(self.accepted) of \(drafted) tokens"
        }
        return nil
    }
}
