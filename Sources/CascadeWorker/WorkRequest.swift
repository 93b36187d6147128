package import CascadeCore

/// A coordinator's request to a node: to draft, or to verify a draft.
package enum WorkRequest: Sendable {
    case draft(Draft)
    case verify(Verify)

    /// The request that a message is; nil where it is none.
    package init?(_ message: Message) {
        switch message {
        case .draft(let draft): self = .draft(draft)
        case .verify(let verify): self = .verify(verify)
        default: return nil
        }
    }

    /// What its answer must repeat.
    package var fence: Fence {
        switch self {
        case .draft(let draft): draft.fence
        case .verify(let verify): verify.fence
        }
    }

    /// Names the sequence's settings.
    var specID: UInt64 {
        switch self {
        case .draft(let draft): draft.specID
        case .verify(let verify): verify.specID
        }
    }

    /// The settings, where the node is not thought to have them.
    var spec: SequenceSpec? {
        switch self {
        case .draft(let draft): draft.spec
        case .verify(let verify): verify.spec
        }
    }

    /// The committed tokens that it stands on.
    var prefix: Prefix {
        switch self {
        case .draft(let draft): draft.prefix
        case .verify(let verify): verify.prefix
        }
    }

    /// Output rows that it needs: of a drafter one at a time, of an expert one for each judged position and one for the
    /// bonus token.
    func outputs(_ spec: SequenceSpec) -> Int {
        switch self {
        case .draft: 1
        case .verify(let verify):
            verify.draft.isEmpty || spec.rule.bonus == .target ? verify.draft.count + 1 : verify.draft.count
        }
    }
}
