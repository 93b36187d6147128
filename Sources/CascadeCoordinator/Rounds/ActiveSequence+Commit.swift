import CascadeCore
import CascadeRules

/// A round with its verdict.
struct JudgedRound: Sendable {
    /// What stands, and what comes in place of the rest.
    var outcome: RoundOutcome
    var draft: RoundDraft
    /// What the expert said of the draft; nothing where no expert had a say.
    var evidence: [Evidence] = []
    /// Who judged it; nil where nobody did.
    var winner: NodeHandle?
}

/// What was taken of a round.
struct CommittedRound: Sendable {
    /// Tokens: fewer than stood, where one of them ends the answer.
    var emitted: Int
    /// Why the answer ends with them; nil where it goes on.
    var reason: FinishReason?
    var counts: SpeculationCounts
}

extension DraftAcceptance {
    /// Counts a round that an expert has judged.
    mutating func record(_ round: JudgedRound, emitted: Int) {
        let (accepted, judged) = round.draft.judgement(round.outcome, round.evidence)
        record(round.draft.source, accepted: accepted, judged: judged, emitted: emitted)
    }
}

extension ActiveSequence {
    /// How the token at `index` of a round that is about to be committed came to be.
    func explain(
        _ index: Int,
        _ outcome: RoundOutcome,
        _ draft: RoundDraft,
        _ evidence: [Evidence],
        _ draws: some DrawSource
    ) -> Explanation {
        let token = outcome.tokens[index]
        var words: Explanation.Draft?
        if index < draft.positions.count {
            let drafted = draft.positions[index]
            let said = index < evidence.count ? evidence[index] : nil
            let isCoinTossed = said != nil && (outcome.origins[index] != .kept || spec.rule.verifyMethod == .block)
            words = Explanation.Draft(
                token: drafted.token,
                source: draft.source,
                probability: drafted.row.probability(of: drafted.token),
                gate: drafted.gate,
                evidence: said,
                coin: isCoinTossed ? Rules.coin(position: base + index, base: base, spec: spec, draws: draws) : nil
            )
        }
        let isEnd = vocabulary.endTokens.contains(token)
        return Explanation(
            round: round,
            textBytes: isEnd ? 0 : UInt32(clamping: vocabulary.bytes(of: token).count),
            draft: words
        )
    }
}
