package import CascadeCore

extension Rules {
    /// What becomes of the drafted token at `position`: it stands if the rule keeps it; else a coin is tossed.
    ///
    /// Whether it is kept is decided again, from the same numbers as on the expert. Total: evidence of any content
    /// gives a verdict; use ``problem(evidence:draft:vocabularyCount:)`` to refuse nonsense.
    package static func judge(
        position: Int,
        base: Int,
        draft: DraftedPosition,
        evidence: Evidence,
        spec: SequenceSpec,
        draws: some DrawSource
    ) -> Verdict {
        let set = KeptSet(
            settings: spec.rule,
            guardTokens: spec.guardTokens,
            strict: spec.isStrict(position: position),
            greedy: spec.sampling.isGreedy,
            gateMaximum: evidence.gateMaximum,
            gateArgmax: evidence.gateArgmax,
            draftMaximum: draft.gateMaximum
        )
        if draft.row.index(of: draft.token) != nil,
            set.contains(draft.token, processed: evidence.probability, gate: evidence.gateProbability)
        {
            return .kept
        }
        let coin = coin(position: position, base: base, spec: spec, draws: draws)
        return coin < evidence.ratio ? .matched : .recovered(evidence.residual)
    }

    /// Walks a draft up to the first token that is not accepted.
    ///
    /// - Parameters:
    ///   - draft: The drafted positions; the first is decided at position `base`.
    ///   - evidence: The expert's word on each; a position without any is discarded with all behind it.
    ///   - bonus: The expert's token behind the draft; nil under `bonus rule`. With an empty draft it is all there is.
    ///   - base: The round's base length: committed tokens of the sequence, the prompt included.
    package static func walk(
        draft: [DraftedPosition],
        evidence: [Evidence],
        bonus: Token?,
        base: Int,
        spec: SequenceSpec,
        draws: some DrawSource
    ) -> RoundOutcome {
        var outcome = RoundOutcome()
        let judged = min(draft.count, evidence.count)
        for index in 0..<judged {
            let (position, drafted, said) = (base + index, draft[index], evidence[index])
            let verdict = judge(
                position: position,
                base: base,
                draft: drafted,
                evidence: said,
                spec: spec,
                draws: draws
            )
            switch verdict {
            case .kept:
                outcome.commit(drafted.token, .kept)
                outcome.kept += 1
                let strictRatio = said.probability / drafted.row.probability(of: drafted.token)
                if coin(position: position, base: base, spec: spec, draws: draws) >= strictRatio {
                    outcome.relaxed += 1
                }
            case .matched:
                outcome.commit(drafted.token, .matched)
                outcome.matched += 1
            case .recovered(let token):
                outcome.commit(token, .expert)
                outcome.recovered = 1
                outcome.discarded = draft.count - index - 1
                return outcome
            }
        }
        outcome.discarded = draft.count - judged
        if let bonus, judged == draft.count {
            outcome.commit(bonus, .expert)
            outcome.bonus = 1
        }
        return outcome
    }

    private static func coin(position: Int, base: Int, spec: SequenceSpec, draws: some DrawSource) -> Double {
        draws.uniform(DrawKey(.coin, position: position, base: base, sample: spec.sample))
    }
}
