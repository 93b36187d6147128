import CascadeConstraint
import CascadeCore

/// What is wrong with the grammars and schemas that were asked for last: reading one takes milliseconds, and many jobs
/// in a row have the same.
struct ConstraintVerdicts: Sendable {
    private static let most = 16

    /// Oldest first.
    private var known: [(constraint: OutputConstraint, problem: String?)] = []

    /// Why a constraint cannot be used, read as nodes will read it; nil where it can. Bounded work.
    mutating func problem(of constraint: OutputConstraint) -> String? {
        if let verdict = known.first(where: { $0.constraint == constraint }) { return verdict.problem }
        let problem = Grammar.problem(of: constraint)
        if known.count == Self.most { known.removeFirst() }
        known.append((constraint, problem))
        return problem
    }
}
