package import CascadeCore

extension Rules {
    /// What the expert says of the drafted token at `position`, the residual token included.
    ///
    /// The residual is drawn whether or not it will be needed, before anyone has tossed the coin, so it cannot depend
    /// on the coin. `p` is the expert's processed row there and `gateP` what the gate reads of it.
    package static func evidence(
        position: Int,
        base: Int,
        draft: DraftedPosition,
        p: Distribution,
        gateP: GateRow,
        spec: SequenceSpec,
        draws: some DrawSource
    ) -> Evidence {
        let law = law(
            p: p,
            gateP: gateP,
            q: draft.row,
            gateQ: draft.gateMaximum,
            settings: spec.rule,
            guardTokens: spec.guardTokens,
            strict: spec.isStrict(position: position),
            greedy: spec.sampling.isGreedy
        )
        let key = DrawKey(.residual, position: position, base: base, sample: spec.sample)
        return Evidence(
            probability: p.probability(of: draft.token),
            gateProbability: draft.row.index(of: draft.token).map { gateP.probabilities[$0] } ?? 0,
            gateMaximum: gateP.maximum,
            gateArgmax: gateP.argmax,
            entropy: gateP.entropy,
            keptMass: law.keptMass,
            ratio: law.ratio(of: draft.token),
            rejectMass: law.rejectMass,
            residual: law.residual(at: draws.uniform(key))
        )
    }

    /// A token from the expert's own processed row: behind a fully accepted draft, and in a round without one.
    package static func bonus(position: Int, p: Distribution, spec: SequenceSpec, draws: some DrawSource) -> Token {
        let key = DrawKey(.token, position: position, base: 0, sample: spec.sample)
        return p.tokens[draws.race(p, key)]
    }
}
