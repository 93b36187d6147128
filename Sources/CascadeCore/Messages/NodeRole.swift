/// What a node does for its pool.
package enum NodeRole: String, CaseIterable, Sendable {
    /// Proposes tokens.
    case drafter
    /// Scores them.
    case expert
}
