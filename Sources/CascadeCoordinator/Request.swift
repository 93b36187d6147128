import CascadeCore

/// A Draft or Verify that a node has not answered. All of them in one list are the table that fences, credits and
/// deadlines are derived from.
struct Request: Sendable {
    /// Counts requests from 1.
    let number: UInt64
    let node: NodeHandle
    let job: JobID
    let role: NodeRole
    let fence: Fence
    /// Tokens the node was thought to hold.
    var knownLength: Int
    /// Tokens to draft, for a drafter.
    let count: Int
    /// Rows that the node has to compute for it.
    var rows = 0
    /// Milliseconds that this takes by the node's own word, without corrections; 0 where it has said nothing.
    var work = 0.0
    /// The same of all requests that were outstanding at the node with it.
    var workAround = 0.0
    /// When it was last sent.
    var sentAt = Instant(nanoseconds: 0)
    /// When another node is asked beside this one, if one is there that would be faster by then.
    var hedgeAt: Instant?
    /// Of a draft on cores that an expert shares: until when other sequences' rounds wait for it, to be verified with
    /// it.
    var holdUntil = Instant(nanoseconds: 0)
    /// Times the node has answered "missing".
    var misses = 0
    /// How long the node may show no progress.
    var silenceMilliseconds: UInt64
    /// When that time is over.
    var silenceDeadline: Instant
    /// When it is over in any case.
    var totalDeadline: Instant

    /// When something must be done about it.
    var deadline: Instant { min(silenceDeadline, totalDeadline) }
}
