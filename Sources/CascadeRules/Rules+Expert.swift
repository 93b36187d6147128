package import CascadeCore

extension Rules {
    /// What the expert says of a whole draft whose first position is `base`. `rows` gives the expert's processed row
    /// and its gate at each position of the draft.
    package static func evidence(
        draft: [DraftedPosition],
        base: Int,
        spec: SequenceSpec,
        draws: some DrawSource,
        rows: (_ index: Int) throws -> (p: Distribution, gate: GateRow)
    ) rethrows -> [Evidence] {
        var passed = 1.0
        return try draft.indices.map { index in
            let (p, gate) = try rows(index)
            let said = evidence(
                position: base + index,
                base: base,
                draft: draft[index],
                p: p,
                gateP: gate,
                passed: passed,
                spec: spec,
                draws: draws
            )
            passed = Rules.passed(passed, said.ratio)
            return said
        }
    }

    /// What the expert says of the drafted token at `position`, the token in its place included.
    ///
    /// That token is drawn whether or not it will be needed, before anyone has tossed the coin, so it cannot depend on
    /// the coin. `p` is the expert's processed row there, `gateP` what the gate reads of it, and `passed` what
    /// ``passed(_:_:)`` made of the evidence before.
    static func evidence(
        position: Int,
        base: Int,
        draft: DraftedPosition,
        p: Distribution,
        gateP: GateRow,
        passed: Double = 1,
        spec: SequenceSpec,
        draws: some DrawSource
    ) -> Evidence {
        let law = law(p: p, gateP: gateP, draft: draft, spec: spec, position: position)
        let index = draft.row.index(of: draft.token)
        let key = DrawKey(.residual, position: position, base: base, sample: spec.sample)
        var evidence = Evidence(
            probability: p.probability(of: draft.token),
            gateProbability: index.map { gateP.probabilities[$0] } ?? 0,
            gateMaximum: gateP.maximum,
            gateArgmax: gateP.argmax,
            entropy: gateP.entropy,
            isInTop: index.map { gateP.isInTop.isEmpty ? false : gateP.isInTop[$0] } ?? false,
            favouriteProbability: gateP.favouriteProbability,
            variation: spec.rule.wants(.variation) ? law.variation : 0,
            keptMass: law.keptMass,
            ratio: law.ratio(of: draft.token),
            rejectMass: law.rejectMass,
            residual: 0
        )
        switch spec.rule.verifyMethod {
        case .rejection:
            evidence.residual = law.residual(at: draws.uniform(key))
        case .block:
            evidence.ratio = law.chainRatio(of: draft.token)
            evidence.blockMass = law.excessMass(passed: passed)
            evidence.residual = law.excess(passed: passed, mass: evidence.blockMass, at: draws.uniform(key))
        case .coupled:
            // What the expert alone would say, or the rule's law where that is more than a set (decisions.md 6).
            let key = DrawKey(.token, position: position, base: 0, sample: spec.sample)
            let row = spec.rule.rule.needsCoin ? law.row : p
            evidence.residual = row.tokens[draws.race(row, key)]
            if !law.keeps(draft.token) { evidence.ratio = evidence.residual == draft.token ? 1 : 0 }
            // An upper bound (Daliri et al., 2024).
            evidence.rejectMass = 2 * law.rejectMass / (1 + law.rejectMass)
        }
        return evidence
    }

    /// P of block verification (Sun et al., 2024): how likely the draft up to and with a token is under the rule's laws
    /// against the drafter's, cut at 1 on the way. Expert and coordinator work it out from the same ratios.
    static func passed(_ before: Double, _ ratio: Double) -> Double {
        min(1, before * ratio)
    }

    /// A token from the expert's own processed row: behind a fully accepted draft, and in a round without one.
    package static func bonus(position: Int, p: Distribution, spec: SequenceSpec, draws: some DrawSource) -> Token {
        let key = DrawKey(.token, position: position, base: 0, sample: spec.sample)
        return p.tokens[draws.race(p, key)]
    }
}
