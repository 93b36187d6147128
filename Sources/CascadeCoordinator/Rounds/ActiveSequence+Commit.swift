import CascadeCore
import CascadeRules

/// A round with its verdict.
struct JudgedRound: Sendable {
    /// What stands, and what comes in place of the rest.
    var outcome: RoundOutcome
    var draft: RoundDraft
    /// What the expert said of the draft; nothing where no expert had a say.
    var evidence: [Evidence] = []
    /// What its rows say, where it was asked and knows how to tell.
    var logprobs: [RowLogprobs] = []
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
    /// What the job asks to be told of the token at `index` of a round that is about to be committed.
    func explain(_ index: Int, of judged: JudgedRound, _ draws: some DrawSource) -> Explanation {
        let token = judged.outcome.tokens[index]
        let isEnd = vocabulary.endTokens.contains(token)
        return Explanation(
            round: round,
            textBytes: isEnd ? 0 : UInt32(clamping: vocabulary.bytes(of: token).count),
            draft: spec.rule.explains ? draftWords(index, of: judged, draws) : nil,
            logprobs: logprobs(index, of: judged)
        )
    }

    /// How the token came to be; nil where nothing was drafted.
    private func draftWords(_ index: Int, of judged: JudgedRound, _ draws: some DrawSource) -> Explanation.Draft? {
        guard index < judged.draft.positions.count else { return nil }
        let drafted = judged.draft.positions[index]
        let said = index < judged.evidence.count ? judged.evidence[index] : nil
        let isCoinTossed =
            said != nil && (judged.outcome.origins[index] != .kept || spec.rule.verifyMethod == .block)
        return Explanation.Draft(
            token: drafted.token,
            source: judged.draft.source,
            probability: drafted.row.probability(of: drafted.token),
            gate: drafted.gate,
            evidence: said,
            coin: isCoinTossed ? Rules.coin(position: base + index, base: base, spec: spec, draws: draws) : nil
        )
    }

    /// What the expert's row says of the token: of the drafted one where that stands, else of the expert's own.
    private func logprobs(_ index: Int, of judged: JudgedRound) -> TokenLogprobs? {
        guard index < judged.logprobs.count else { return nil }
        let row = judged.logprobs[index]
        guard let ranked = judged.outcome.origins[index] == .expert ? row.own : row.drafted else { return nil }
        return TokenLogprobs(judged.outcome.tokens[index], ranked, of: row, vocabulary)
    }
}
