import CascadeCore
import Synchronization

@testable import CascadeTransport

final class Times: Sendable {
    let milliseconds = Mutex<[Double]>([])
}

/// Sends a small message, waits for its echo, and so on; stops its reactor at the end.
final class PingPong: ReactorHandler {
    private let times: Times
    private var left: Int
    private var sentAt = Instant(nanoseconds: 0)

    init(_ times: Times, rounds: Int) {
        self.times = times
        left = rounds
    }

    private func ping(_ context: ReactorContext) {
        sentAt = context.now
        _ = context.send([[1, 2, 3, 4]], to: .only)
    }

    func started(_ context: ReactorContext, now: Instant) {}

    func received(_ frames: [[UInt8]], from peer: PeerID, user: PublicKey?, _ context: ReactorContext, now: Instant) {
        times.milliseconds.withLock { $0.append(now.milliseconds(since: sentAt)) }
        left -= 1
        left == 0 ? context.stop("done") : ping(context)
    }

    func connectionChanged(_ event: ConnectionEvent, _ context: ReactorContext, now: Instant) {
        if case .connected = event { ping(context) }
    }

    func woken(_ context: ReactorContext, now: Instant) {}
    func deadlinePassed(_ context: ReactorContext, now: Instant) {}
    func nextDeadline() -> Instant? { nil }
    func stopping(_ context: ReactorContext, now: Instant) {}
}
