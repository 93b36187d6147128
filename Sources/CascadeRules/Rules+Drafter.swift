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
        let key = DrawKey(.draft, position: position, base: base, sample: spec.sample)
        return row.tokens[row.index(at: draws.uniform(key))]
    }
}
