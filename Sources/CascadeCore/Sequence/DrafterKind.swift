/// What may draft for a job: `--drafter-kind`.
package enum DrafterKind: String, CaseIterable, Sendable {
    /// A drafter node's model.
    case model
    /// Lookup: what followed the sequence's last tokens where they stood before. Needs no drafter node.
    case lookup
    /// Lookup where it matches, else a drafter node's model.
    case both
}
