import CascadeCore

/// A Draft or Verify that a node has not answered.
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
    /// Committed tokens among them: those that the node was thought to lack.
    var missing = 0
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

    /// The node shows progress, or nobody could have seen it: its time of silence begins anew.
    mutating func restartSilence(at now: Instant) {
        silenceDeadline = now.advanced(milliseconds: silenceMilliseconds)
    }

    /// Nobody could answer, or hear it, for a while.
    mutating func noteStandstill(milliseconds: UInt64, until now: Instant) {
        restartSilence(at: now)
        totalDeadline = totalDeadline.advanced(milliseconds: milliseconds)
        hedgeAt = hedgeAt?.advanced(milliseconds: milliseconds)
        holdUntil = holdUntil.advanced(milliseconds: milliseconds)
    }
}

/// What nodes have not answered, in the order it was asked: the table that fences, credits and deadlines are derived
/// from. Two requests of one job at most, at two nodes. Small: lookups walk it.
struct OutstandingRequests: Sendable, RandomAccessCollection {
    private var requests: [Request] = []
    /// The number of the last one that was added.
    private(set) var lastNumber: UInt64 = 0

    var startIndex: Int { 0 }
    var endIndex: Int { requests.count }

    subscript(index: Int) -> Request {
        _read { yield requests[index] }
        _modify { yield &requests[index] }
    }

    /// The one that a reply answers; nil where its fence is that of none.
    func index(of fence: Fence, at node: NodeHandle) -> Int? {
        requests.firstIndex { $0.node == node && $0.fence == fence }
    }

    /// Those of a job.
    func ofJob(_ job: JobID) -> [Request] { requests.filter { $0.job == job } }

    /// Whether a node is asked for a job.
    func isAsked(_ node: NodeHandle, for job: JobID) -> Bool { requests.contains { $0.job == job && $0.node == node } }

    /// How many a node has.
    func count(at node: NodeHandle) -> Int { requests.count { $0.node == node } }

    /// Whether a node reads a long prompt for another job than this.
    func isReading(_ node: NodeHandle, except job: JobID) -> Bool {
        requests.contains { $0.node == node && $0.job != job && $0.missing > DraftPlanner.longPrompt }
    }

    /// Rows that a node has to compute.
    func rows(at node: NodeHandle) -> Int { requests.reduce(0) { $0 + ($1.node == node ? $1.rows : 0) } }

    /// When something must be done about one of them at the earliest; nil where nothing must.
    func earliestDeadline(after now: Instant) -> Instant? {
        requests.map { request in
            var earliest = request.deadline
            if let hedgeAt = request.hedgeAt { earliest = Swift.min(earliest, hedgeAt) }
            return request.holdUntil > now ? Swift.min(earliest, request.holdUntil) : earliest
        }.min()
    }

    /// Adds one, which gets the next number.
    mutating func add(_ request: (_ number: UInt64) -> Request) {
        lastNumber += 1
        requests.append(request(lastNumber))
    }

    @discardableResult mutating func remove(at index: Int) -> Request { requests.remove(at: index) }

    /// Removes those of a job.
    mutating func removeAll(ofJob job: JobID) { requests.removeAll { $0.job == job } }

    /// Removes those at a node.
    mutating func removeAll(at node: NodeHandle) -> [Request] {
        defer { requests.removeAll { $0.node == node } }
        return requests.filter { $0.node == node }
    }

    /// What is wrong with its state; nil as long as it keeps its promises.
    var brokenInvariant: String? {
        for (index, request) in requests.enumerated() {
            if index > 0, requests[index - 1].number >= request.number { return "requests are out of order" }
            let others = requests[..<index].filter { $0.job == request.job }
            if others.count > 1 { return "job \(request.job) has three requests" }
            if others.contains(where: { $0.node == request.node }) { return "job \(request.job) asks a node twice" }
            if others.contains(where: { $0.role != request.role }) {
                return "job \(request.job) is drafted and verified at once"
            }
        }
        return nil
    }
}
