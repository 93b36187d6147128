/// A pushdown automaton over bytes: for each rule a deterministic automaton whose edges are bytes and calls of rules.
///
/// Positions of all rules are numbered together. Bytes that no rule tells apart form a class.
struct Automaton: Sendable {
    /// A rule that may be entered, and the position behind it.
    struct Call: Sendable {
        /// Where the rule that is called begins.
        var start: Int32
        /// Where its caller goes on.
        var behind: Int32
    }

    /// The class of each byte.
    var classes: [UInt8]
    var classCount: Int
    /// Where a byte of a class leads, by position and class; -1 where it is not allowed.
    var transitions: [Int32]
    /// The calls of a position are `calls[callStarts[position]..<callStarts[position + 1]]`.
    var calls: [Call]
    var callStarts: [Int32]
    /// Whether the rule may end here.
    var isAccepting: [Bool]
    /// Whether some byte is allowed here without a call.
    var hasBytes: [Bool]
    /// Calls within each other that it takes at least to come from here to the end of the rule.
    var need: [Int32]
    /// Where the root begins, and whether it may be empty.
    var start: Int32
    var isNullable: Bool
    /// The most calls that one byte makes within each other.
    var longestDescent = 0
    /// The largest of `need`.
    var mostNeed = 0

    var positionCount: Int { isAccepting.count }

    func calls(at position: Int32) -> ArraySlice<Call> {
        calls[Int(callStarts[Int(position)])..<Int(callStarts[Int(position) + 1])]
    }

    /// Whether nothing is left to do at a position but to return.
    func isExit(_ position: Int32) -> Bool {
        isAccepting[Int(position)] && !hasBytes[Int(position)] && calls(at: position).isEmpty
    }
}
