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
        if keeps(position: position, draft: draft, evidence: evidence, spec: spec) { return .kept }
        let coin = coin(position: position, base: base, spec: spec, draws: draws)
        return coin < evidence.ratio ? .matched : .recovered(evidence.residual)
    }

    /// Walks a draft up to the first token that is not accepted; under `block` as far as the draft passes as a whole.
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
        let judged = min(draft.count, evidence.count)
        let isBlock = spec.rule.verifyMethod == .block
        let accepted = isBlock ? blockLength(Array(evidence[..<judged]), base: base, spec: spec, draws: draws) : judged
        var outcome = RoundOutcome()
        for index in 0..<judged {
            let (position, drafted, said) = (base + index, draft[index], evidence[index])
            let verdict: Verdict
            if isBlock {
                let isKept = keeps(position: position, draft: drafted, evidence: said, spec: spec)
                verdict = index == accepted ? .recovered(said.residual) : isKept ? .kept : .matched
            } else {
                verdict = judge(
                    position: position,
                    base: base,
                    draft: drafted,
                    evidence: said,
                    spec: spec,
                    draws: draws
                )
            }
            switch verdict {
            case .kept:
                outcome.commit(drafted.token, .kept)
                outcome.kept += 1
            case .matched:
                outcome.commit(drafted.token, .matched)
                outcome.matched += 1
            case .recovered(let token):
                outcome.commit(token, .expert)
                outcome.recovered = 1
                outcome.discarded = draft.count - index - 1
                return outcome
            }
            if isRelaxed(position: position, base: base, draft: drafted, evidence: said, spec: spec, draws: draws) {
                outcome.relaxed += 1
            }
        }
        outcome.discarded = draft.count - judged
        if let bonus, judged == draft.count {
            outcome.commit(bonus, .expert)
            outcome.bonus = 1
        }
        return outcome
    }

    /// Tokens of a draft that block verification accepts: up to the last position whose coin falls below
    /// R / (R + 1 - P), behind the whole draft below P (Sun et al., 2024; decisions.md 5).
    private static func blockLength(
        _ evidence: [Evidence],
        base: Int,
        spec: SequenceSpec,
        draws: some DrawSource
    ) -> Int {
        var (length, passed) = (0, 1.0)
        for index in evidence.indices {
            passed = Rules.passed(passed, evidence[index].ratio)
            var threshold = passed
            if index + 1 < evidence.count {
                let mass = evidence[index + 1].blockMass
                threshold = mass <= 1e-13 ? 0 : mass / (mass + (1 - passed))
            }
            if coin(position: base + index, base: base, spec: spec, draws: draws) < threshold { length = index + 1 }
        }
        return length
    }

    /// Whether the rule keeps the drafted token at `position`.
    private static func keeps(
        position: Int,
        draft: DraftedPosition,
        evidence: Evidence,
        spec: SequenceSpec
    ) -> Bool {
        guard draft.row.index(of: draft.token) != nil else { return false }
        let expert = KeptSet.Expert(
            maximum: evidence.gateMaximum,
            argmax: evidence.gateArgmax,
            entropy: evidence.entropy,
            favouriteProbability: evidence.favouriteProbability,
            variation: evidence.variation
        )
        return KeptSet(expert: expert, draft: draft.gate, spec: spec, position: position).contains(
            KeptSet.Candidate(
                token: draft.token,
                probability: evidence.probability,
                gateProbability: evidence.gateProbability,
                isInTop: evidence.isInTop,
                draftProbability: draft.gate.probability
            )
        )
    }

    /// Whether the expert alone would have rejected a token that is accepted: by the same coin, or, where both draw by
    /// the same numbers, because its own token is another.
    private static func isRelaxed(
        position: Int,
        base: Int,
        draft: DraftedPosition,
        evidence: Evidence,
        spec: SequenceSpec,
        draws: some DrawSource
    ) -> Bool {
        if spec.rule.rule == .lossless { return false }
        if spec.rule.verifyMethod == .coupled { return draft.token != evidence.residual }
        let strict = evidence.probability / draft.row.probability(of: draft.token)
        return coin(position: position, base: base, spec: spec, draws: draws) >= strict
    }

    private static func coin(position: Int, base: Int, spec: SequenceSpec, draws: some DrawSource) -> Double {
        draws.uniform(DrawKey(.coin, position: position, base: base, sample: spec.sample))
    }
}
