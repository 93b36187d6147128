import CascadeCore
import Foundation
import Synchronization

/// Kills a process when the `count`-th message that matches crosses a tap, before it is forwarded.
final class KillTrigger: Sendable {
    private let state = Mutex((victim: nil as Int32?, seen: 0))
    private let count: Int
    private let isHit: @Sendable (Message) -> Bool

    init(at count: Int, _ isHit: @escaping @Sendable (Message) -> Bool) {
        self.count = count
        self.isHit = isHit
    }

    /// Counts from now on, and kills that process.
    func arm(_ process: CascadeProcess) {
        state.withLock { $0.victim = process.pid }
    }

    var hasFired: Bool { state.withLock { $0.seen >= count } }

    func see(_ message: Message) {
        guard isHit(message) else { return }
        state.withLock { state in
            guard let victim = state.victim else { return }
            state.seen += 1
            if state.seen == count { kill(victim, SIGKILL) }
        }
    }
}
