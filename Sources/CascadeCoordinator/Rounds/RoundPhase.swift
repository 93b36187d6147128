import CascadeCore

/// Where a sequence's round stands.
enum RoundPhase: Sendable {
    /// The next round waits to be opened.
    case idle
    /// A drafter works.
    case drafting
    /// The draft, perhaps empty, waits for an expert.
    case drafted(RoundDraft)
    /// The draft has left: it never changes any more.
    case verifying(RoundDraft)
}

/// A round's draft, perhaps empty.
struct RoundDraft: Sendable {
    var source: DraftSource
    var positions: [DraftedPosition]
    /// Whether the drafter was asked for more, but was not confident enough of what comes next.
    var isStoppedEarly = false
    /// The last request that any node had been sent when it came.
    var lastRequest: UInt64 = 0

    /// No draft: the expert's own token is all that comes.
    static let none = RoundDraft(source: .model, positions: [])
}
