internal import CascadeCore

/// A drafted position with the expert's word on it, as the coordinator judges it.
struct JudgedPosition {
    /// Index in the sequence.
    let position: Int
    /// The round's base length.
    let base: Int
    let draft: DraftedPosition
    let evidence: Evidence
    let spec: SequenceSpec

    /// Position by position: the token stands if it is kept; else the coin says.
    func verdict(_ draws: some DrawSource) -> Verdict {
        if isKept { return .kept }
        return coin(draws) < evidence.ratio ? .matched : .recovered(evidence.residual)
    }

    /// As part of a block, whose length is known. What the rule keeps falls too if the block ends before it.
    func blockVerdict(isAccepted: Bool) -> Verdict {
        isAccepted ? (isKept ? .kept : .matched) : .recovered(evidence.residual)
    }

    /// Whether the rule keeps the token: decided again, from the same numbers as on the expert.
    private var isKept: Bool {
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

    /// Whether the expert alone would have rejected the token, which is accepted: by the coin that `lossless` would
    /// toss, or, where both draw by the same numbers, because its own token is another. Under `block` no single coin
    /// rejects a token: there it is what `rejection` would have said.
    func isRelaxed(_ draws: some DrawSource) -> Bool {
        if spec.rule.rule == .lossless { return false }
        if spec.rule.verifyMethod == .coupled { return draft.token != evidence.residual }
        return coin(draws) >= evidence.probability / draft.row.probability(of: draft.token)
    }

    /// The position's coin, uniform in (0, 1).
    func coin(_ draws: some DrawSource) -> Double {
        draws.uniform(DrawKey(.coin, position: position, base: base, sample: spec.sample))
    }
}
