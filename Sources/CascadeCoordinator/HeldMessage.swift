import CascadeCore

/// A message to a client that waits until what it tells is on disk.
struct HeldMessage: Sendable {
    /// The last record that must be there.
    let record: UInt64
    let message: Message
    let peer: PeerID
}

extension Message {
    /// Whether it tells a client something of a job that a crash must not undo.
    var tellsOfJobs: Bool {
        switch self {
        case .accepted, .delta, .finished, .jobList: true
        default: false
        }
    }

    /// Bytes that keeping it costs, about.
    var heldBytes: Int {
        let explanation = MemoryLayout<Explanation>.stride
        return switch self {
        case .delta(let delta): 256 + 5 * delta.tokens.count + delta.text.count + explanation * delta.explanations.count
        case .finished(let finished): 1_024 + 4 * finished.report.tokens.count + finished.report.text.count
        case .jobList(let list): 256 + 512 * list.jobs.count
        default: 256
        }
    }
}
