internal import CascadeCore

/// Notices when ZeroMQ has given a DEALER's connection up for good.
///
/// ZeroMQ reconnects after a lost connection, but not after a protocol error: when something else answered on the
/// router's port for a moment, or a frame was larger than MAXMSGSIZE, the socket stays dead without a word (4.3.4).
/// The difference shows in the monitor: a reconnect is announced right after the disconnect.
struct ReconnectWatch {
    private static let patienceMilliseconds: UInt64 = 1000

    /// When the socket has to be replaced, unless a reconnect is announced before.
    private(set) var due: Instant?

    mutating func observe(_ report: SocketMonitor.Report, now: Instant) {
        switch report {
        case .ended, .event(.handshakeFailed):
            due = due ?? now.advanced(milliseconds: Self.patienceMilliseconds)
        case .event(.retrying), .event(.connected), .opened, .connecting:
            due = nil
        case .event:
            break
        }
    }

    mutating func reset() {
        due = nil
    }
}
