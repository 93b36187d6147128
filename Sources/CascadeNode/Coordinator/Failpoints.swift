internal import CascadeCore
internal import Foundation
internal import Synchronization

/// Places where a test lets the process die: `CASCADE_FAILPOINTS=NAME:COUNT` kills it as by `kill -9` when it comes to
/// the place for the COUNTth time. Without the variable nothing ever happens.
///
/// | name | between |
/// |---|---|
/// | `accept/sync` | a job is accepted, and its record is written |
/// | `accept/ack` | an accepted job is on disk, and its client is told |
/// | `commit/sync` | tokens are committed, and their record is written |
/// | `commit/stream` | committed tokens are on disk, and clients are told |
/// | `take/work` | it is on disk that a job is taken up, and its prompt is read |
/// | `finish/stream` | the end of a job is on disk, and clients are told |
/// | `checkpoint` | the log of the store is full, and it is emptied |
/// | `prune` | a job is forgotten, and it is gone from the disk |
final class Failpoints: Sendable {
    private let name: String?
    private let left: Mutex<Int>

    init(_ variable: String? = ProcessInfo.processInfo.environment["CASCADE_FAILPOINTS"]) {
        let parts = variable?.split(separator: ":", maxSplits: 1) ?? []
        name = parts.first.map(String.init)
        left = Mutex(parts.count > 1 ? Int(parts[1]) ?? 1 : 1)
    }

    func reachedBeforeSync(_ record: JournalRecord) {
        guard name != nil else { return }
        switch record.entry {
        case .accepted: reached("accept/sync")
        case .committed: reached("commit/sync")
        case .finished, .takenUp, .putDown, .expertDeaths: break
        case .forgotten: reached("prune")
        }
    }

    func reachedAfterSync(_ record: JournalRecord) {
        guard name != nil else { return }
        switch record.entry {
        case .accepted: reached("accept/ack")
        case .committed: reached("commit/stream")
        case .finished: reached("finish/stream")
        case .takenUp: reached("take/work")
        case .forgotten, .putDown, .expertDeaths: break
        }
    }

    func reached(_ point: String) {
        guard point == name else { return }
        let mustDie = left.withLock { left in
            left -= 1
            return left == 0
        }
        if mustDie { kill(getpid(), SIGKILL) }
    }
}
