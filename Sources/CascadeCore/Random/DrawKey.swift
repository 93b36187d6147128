/// Names one random number of a sequence: what it is for and where (decisions.md 1).
///
/// A round's draws carry the round's base length, so a retry of the round repeats them and a new round has fresh ones.
/// Draws from the expert's own row carry base 0: which token they yield at a position depends on nothing but the row.
/// Nothing that was drawn and not committed may influence a later choice whose key lacks the base.
package struct DrawKey: Hashable, Sendable {
    /// What a number decides; each purpose is an independent stream.
    package enum Purpose: UInt32, CaseIterable, Sendable {
        /// The drafted token.
        case draft = 0
        /// Whether a drafted token that the rule does not keep is accepted.
        case coin = 1
        /// The token in place of one that is not accepted.
        case residual = 2
        /// A token from the expert's row itself: one number for each token of the vocabulary.
        case token = 3
    }

    /// Index in the sequence of the token that is decided.
    package var position: UInt32
    /// The round's base length; 0 for purpose `token`.
    package var base: UInt32
    /// What the number decides.
    package var purpose: Purpose
    /// Which of the job's samples the sequence is; below 2^24.
    package var sample: UInt32
    /// Which block of four numbers: token / 4 for purpose `token`, else 0.
    package var index: UInt32
    /// Which number of the block: token % 4 for purpose `token`, else 0.
    package var lane: UInt32

    /// Creates the key of a number; the base is left out of the key for purpose `token`.
    package init(_ purpose: Purpose, position: Int, base: Int, sample: UInt32) {
        self.position = UInt32(truncatingIfNeeded: position)
        self.base = purpose == .token ? 0 : UInt32(truncatingIfNeeded: base)
        self.purpose = purpose
        self.sample = sample
        index = 0
        lane = 0
    }

    /// The key of `token`'s number in the race that this key names.
    package func entrant(_ token: Token) -> DrawKey {
        var key = self
        key.index = token / 4
        key.lane = token % 4
        return key
    }
}
