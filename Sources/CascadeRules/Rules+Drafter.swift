package import CascadeCore

extension Rules {
    /// The token that the drafter proposes at `position` from the row it ships.
    package static func draw(
        draft row: Distribution,
        position: Int,
        base: Int,
        spec: SequenceSpec,
        draws: some DrawSource
    ) -> Token {
        if spec.rule.verifyMethod == .coupled {
            // The expert's own numbers for this position: the closer the rows, the more often both pick one token.
            return row.tokens[draws.race(row, DrawKey(.token, position: position, base: 0, sample: spec.sample))]
        }
        let key = DrawKey(.draft, position: position, base: base, sample: spec.sample)
        return row.tokens[row.index(at: draws.uniform(key))]
    }
}
