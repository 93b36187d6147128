/// What drafted a round.
package enum DraftSource: Sendable {
    /// A drafter node's model.
    case model
    /// Lookup in the sequence's own tokens; no model made a row, so all mass is on the drafted token.
    case lookup
}
