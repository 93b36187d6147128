import CascadeCore
import CascadeTestSupport

/// Constraints over the toy pairs' tokens, which stand for a, b and c: their grammars, and what they allow by hand.
enum ToyMask: CaseIterable {
    /// Wherever it leads, both roles' rows have a token that is allowed.
    case wide
    /// Behind a c only the end is allowed, which the drafter of the halves lacks: a draft stops there.
    case narrow

    var constraint: OutputConstraint {
        switch self {
        case .wide: OutputConstraint(.grammar, "root ::= \"a\"? \"b\" \"b\"? (\"c\" (\"c\" \"a\"*)?)?")
        case .narrow: OutputConstraint(.grammar, "root ::= \"a\"? \"b\" \"c\"?")
        }
    }

    /// Where each token leads from each state; the text may end from the state of number 2 on.
    private var steps: [[Token: Int]] {
        switch self {
        case .wide: [[0: 1, 1: 2], [1: 2], [1: 3, 2: 4], [2: 4], [2: 5], [0: 5]]
        case .narrow: [[0: 1, 1: 2], [1: 2], [2: 3], [:]]
        }
    }

    /// The tokens that may come behind an answer; nil behind one that is not allowed or has ended.
    func allowed(behind answer: [Token]) -> Set<Token>? {
        var state = 0
        for token in answer {
            guard let next = steps[state][token] else { return nil }
            state = next
        }
        return Set(steps[state].keys).union(state >= 2 ? [ToyPair.end] : [])
    }
}
