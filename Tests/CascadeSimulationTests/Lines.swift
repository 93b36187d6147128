import Synchronization

/// Collects lines from a closure.
final class Lines: Sendable {
    private let lines = Mutex<[String]>([])

    func append(_ line: String) {
        lines.withLock { $0.append(line) }
    }

    var count: Int { lines.withLock { $0.count } }
}
