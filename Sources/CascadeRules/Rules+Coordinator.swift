package import CascadeCore

extension Rules {
    /// Walks a draft up to the first token that is not accepted; under `block` as far as the draft passes as a whole.
    ///
    /// Total: evidence of any content gives an outcome; use ``problem(evidence:draft:vocabularyCount:)`` to refuse
    /// nonsense.
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
        let judged = zip(draft, evidence).enumerated().map { index, pair in
            JudgedPosition(position: base + index, base: base, draft: pair.0, evidence: pair.1, spec: spec)
        }
        let isBlock = spec.rule.verifyMethod == .block
        let accepted = isBlock ? blockLength(judged, draws) : judged.count
        var outcome = RoundOutcome()
        for (index, one) in judged.enumerated() {
            let verdict = isBlock ? one.blockVerdict(isAccepted: index < accepted) : one.verdict(draws)
            switch verdict {
            case .kept:
                outcome.commit(one.draft.token, .kept)
                outcome.kept += 1
            case .matched:
                outcome.commit(one.draft.token, .matched)
                outcome.matched += 1
            case .recovered(let token):
                outcome.commit(token, .expert)
                outcome.recovered = 1
                outcome.discarded = draft.count - index - 1
                return outcome
            }
            if one.isRelaxed(draws) { outcome.relaxed += 1 }
        }
        outcome.discarded = draft.count - judged.count
        if let bonus, judged.count == draft.count {
            outcome.commit(bonus, .expert)
            outcome.bonus = 1
        }
        return outcome
    }

    /// The number that a drafted position's ratio is compared with, uniform in (0, 1); nil where no coin is tossed,
    /// under `coupled`.
    package static func coin(position: Int, base: Int, spec: SequenceSpec, draws: some DrawSource) -> Double? {
        if spec.rule.verifyMethod == .coupled { return nil }
        return draws.uniform(DrawKey(.coin, position: position, base: base, sample: spec.sample))
    }

    /// Tokens of a draft that block verification accepts: up to the last position whose coin falls below
    /// R / (R + 1 - P), behind the whole draft below P (Sun et al., 2024; decisions.md 5).
    private static func blockLength(_ judged: [JudgedPosition], _ draws: some DrawSource) -> Int {
        var (length, passed) = (0, 1.0)
        for (index, one) in judged.enumerated() {
            passed = Rules.passed(passed, one.evidence.ratio)
            var threshold = passed
            if index + 1 < judged.count {
                let mass = judged[index + 1].evidence.blockMass
                threshold = mass <= 1e-13 ? 0 : mass / (mass + (1 - passed))
            }
            if one.coin(draws) < threshold { length = index + 1 }
        }
        return length
    }
}
