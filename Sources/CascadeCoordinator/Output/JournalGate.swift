import CascadeCore
import DequeModule

/// What clients are told of jobs waits here until what it tells is on disk (decisions.md 13): a crash could undo it
/// otherwise. Records are counted as they leave for the disk, and messages wait in their order for the last record
/// before them.
struct JournalGate: Sendable {
    /// A message to a client that waits.
    private struct Held: Sendable {
        /// The last record that must be on disk.
        let record: UInt64
        let message: Message
        let peer: PeerID
    }

    private let mostBytes: Int
    /// Records of the journal so far.
    private(set) var lastRecord: UInt64 = 0
    /// Those of them that are on disk.
    private var durableRecord: UInt64 = 0
    /// Oldest first.
    private var held: Deque<Held> = []
    /// Bytes of what waits.
    private(set) var heldBytes = 0
    /// Peers for whom there was no room, until ``takeUnserved()``.
    private var unserved: [PeerID] = []

    /// - Parameter mostBytes: of what may wait.
    init(mostBytes: Int) {
        self.mostBytes = mostBytes
    }

    /// Whether something waits.
    var isAwaitingDisk: Bool { !held.isEmpty }

    /// Records that are not on disk.
    var lag: UInt64 { lastRecord - durableRecord }

    /// Whether a record is on disk.
    func isDurable(_ record: UInt64) -> Bool { record <= durableRecord }

    /// Whether something waits for a peer.
    func holds(for peer: PeerID) -> Bool { held.contains { $0.peer == peer } }

    /// One more record is on its way to the disk.
    mutating func countRecord() { lastRecord += 1 }

    /// Whether a message may leave now. Where it may not, it is kept until all records so far are on disk. Where too
    /// much is kept it is dropped, as if its peer did not read, and with it what would follow it: a client that still
    /// lives asks again.
    ///
    /// - Parameter tellsOfJob: whether it says something of a job, whatever the message.
    mutating func admits(_ message: Message, to peer: PeerID, tellsOfJob: Bool) -> Bool {
        guard lag > 0, tellsOfJob || message.tellsOfJobs else { return true }
        let bytes = message.heldBytes
        if heldBytes + bytes <= mostBytes, !unserved.contains(peer) {
            heldBytes += bytes
            held.append(Held(record: lastRecord, message: message, peer: peer))
        } else {
            unserved.append(peer)
        }
        return false
    }

    /// Records are on disk: what waited for them may leave, in this order.
    mutating func takeDurable(upTo record: UInt64) -> [(message: Message, peer: PeerID)] {
        durableRecord = max(durableRecord, min(record, lastRecord))
        var free: [(message: Message, peer: PeerID)] = []
        while let first = held.first, first.record <= durableRecord {
            held.removeFirst()
            heldBytes -= first.message.heldBytes
            free.append((first.message, first.peer))
        }
        return free
    }

    /// A peer is gone, and with it what it was to be told.
    mutating func drop(for peer: PeerID) {
        guard !held.isEmpty else { return }
        held.removeAll { $0.peer == peer }
        heldBytes = held.reduce(0) { $0 + $1.message.heldBytes }
    }

    /// Whoever was not served since the last call.
    mutating func takeUnserved() -> [PeerID] {
        defer { unserved = [] }
        return unserved
    }

    /// What is wrong with its state; nil as long as it keeps its promises.
    var brokenInvariant: String? {
        if durableRecord > lastRecord { return "record \(durableRecord) is on disk, of \(lastRecord)" }
        if held.isEmpty, heldBytes == 0, unserved.isEmpty { return nil }
        if let first = held.first, first.record <= durableRecord { return "what may leave waits" }
        if !zip(held, held.dropFirst()).allSatisfy({ $0.record <= $1.record }) { return "messages overtake each other" }
        let bytes = held.reduce(0) { $0 + $1.message.heldBytes }
        if bytes != heldBytes { return "\(heldBytes) bytes are counted, \(bytes) wait" }
        return unserved.isEmpty ? nil : "peers that were not served are still listed"
    }
}

extension Message {
    /// Whether it tells a client something of a job that a crash must not undo.
    fileprivate var tellsOfJobs: Bool {
        switch self {
        case .accepted, .delta, .finished, .jobList, .jobsCancelled: true
        default: false
        }
    }

    /// Bytes that keeping it costs, about.
    fileprivate var heldBytes: Int {
        switch self {
        case .delta(let delta):
            delta.explanations.reduce(256 + 5 * delta.tokens.count + delta.text.count) { $0 + $1.heldBytes }
        case .finished(let finished): 1_024 + 4 * finished.report.tokens.count + finished.report.text.count
        case .jobList(let list): 256 + 512 * list.jobs.count
        case .jobsCancelled(let answer): 256 + 8 * (answer.cancelled.count + answer.ended.count + answer.unknown.count)
        default: 256
        }
    }
}
