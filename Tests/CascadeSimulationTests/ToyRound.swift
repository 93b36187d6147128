import CascadeCore

/// One committed round, as it stands in an answer's history.
struct ToyRound: Hashable, Sendable {
    /// How many tokens were asked for.
    var asked: Int
    /// What was committed.
    var committed: [Token] = []
    /// How many of these were drafted.
    var accepted = 0
}
