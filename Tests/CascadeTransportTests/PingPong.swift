import CascadeCore
import CascadeHost
import CascadeTestSupport
import Foundation
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

/// The same over a plain socket, between two threads that block: what the machine takes for it at the moment.
enum PlainPingPong {
    /// The median round trip in milliseconds.
    static func median(rounds: Int) async throws -> Double {
        let (listener, port) = try TCPSocket.listen()
        Thread.detachNewThread {
            if let (socket, _) = TCPSocket.accept(listener) {
                while let bytes = read(socket), TCPSocket.send(socket, bytes) {}
                close(socket)
            }
            close(listener)
        }
        let sorted = await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: times(port, rounds).sorted()) }
        }
        guard sorted.count == rounds else { throw POSIXError(.ECONNRESET) }
        return sorted[rounds / 2]
    }

    private static func times(_ port: UInt16, _ rounds: Int) -> [Double] {
        guard let socket = TCPSocket.connect(port: port) else { return [] }
        defer { close(socket) }
        var times: [Double] = []
        for _ in 0..<rounds {
            let started = MonotonicClock.now()
            guard TCPSocket.send(socket, [1, 2, 3, 4]), read(socket) != nil else { break }
            times.append(MonotonicClock.now().milliseconds(since: started))
        }
        return times
    }

    private static func read(_ socket: Int32) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = recv(socket, &buffer, buffer.count, 0)
        return count > 0 ? Array(buffer[..<count]) : nil
    }
}
