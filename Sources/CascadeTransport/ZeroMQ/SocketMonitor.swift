internal import CZeroMQ
internal import CascadeCore
internal import Glibc

/// ZeroMQ's reports about one socket's connections, received on a PAIR socket.
final class SocketMonitor {
    /// A report that matters to the reactor.
    enum Report {
        case event(ConnectionEvent)
        /// A connection is there; its handshake begins.
        case opened(descriptor: Int32)
        /// A connection has ended, and ZeroMQ is about to close its descriptor.
        case ended(descriptor: Int32, endpoint: String)
        /// A connection attempt is under way: of interest to `ReconnectWatch` only.
        case connecting
    }

    /// Not ACCEPT_FAILED: without descriptors ZeroMQ tries again at once, and its reports would keep both threads busy.
    private static let events =
        ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
        | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CONNECT_DELAYED
        | ZMQ_EVENT_CONNECT_RETRIED | ZMQ_EVENT_CONNECTED | ZMQ_EVENT_ACCEPTED

    let socket: ZMQSocket
    private let watched: ZMQSocket

    /// Must come before the watched socket is bound or connected, or the first events are missed.
    init(of watched: ZMQSocket, in context: ZMQContext) throws(TransportError) {
        let endpoint = context.nextOwnEndpoint()
        self.watched = watched
        try watched.monitor(endpoint, events: Self.events)
        socket = try ZMQSocket(ZMQ_PAIR, in: context)
        try socket.set(ZMQ_LINGER, "LINGER", 0)
        // No limit: ZeroMQ's I/O thread would wait for room, heartbeats and all, and a close would wait for it in turn.
        // The reactor empties the queue every turn.
        try socket.set(ZMQ_RCVHWM, "RCVHWM", 0)
        try socket.connect(endpoint)
    }

    deinit {
        close()
    }

    /// Must come before the watched socket is closed: with nobody left to take a report, ZeroMQ's I/O thread would wait
    /// for ever to hand one over, so the reports end first.
    func close() {
        watched.endMonitor()
        socket.close()
    }

    /// The next report; nil when there is none.
    func next() throws(TransportError) -> Report? {
        while true {
            guard
                case .message(_, let frames, _, _, _) = try socket.receive(routed: false, maxFrames: 2, maxBytes: 4096)
            else { return nil }
            if let report = report(frames) { return report }
        }
    }

    /// Frames: 16-bit event and 32-bit value in host order; the endpoint.
    private func report(_ frames: [[UInt8]]) -> Report? {
        guard frames.count == 2, frames[0].count >= 6 else { return nil }
        let (event, value) = frames[0].withUnsafeBytes { bytes in
            (Int32(bytes.loadUnaligned(as: UInt16.self)), bytes.loadUnaligned(fromByteOffset: 2, as: UInt32.self))
        }
        let endpoint = String(decoding: frames[1], as: UTF8.self)
        let code = Int32(truncatingIfNeeded: value)
        switch event {
        case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
            return .event(.connected(endpoint: endpoint))
        case ZMQ_EVENT_DISCONNECTED:
            return .ended(descriptor: code, endpoint: endpoint)
        case ZMQ_EVENT_CONNECT_RETRIED:
            return .event(.retrying(endpoint: endpoint, milliseconds: value))
        case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
            let failure: HandshakeFailure =
                [EPIPE, ECONNRESET].contains(code) ? .hungUp : .other(String(cString: zmq_strerror(code)))
            return .event(.handshakeFailed(endpoint: endpoint, failure: failure))
        case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
            let failure: HandshakeFailure =
                code == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH
                ? .securityDiffers
                : .other("protocol error 0x\(String(value, radix: 16)): is that a cascade process?")
            return .event(.handshakeFailed(endpoint: endpoint, failure: failure))
        case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
            let failure: HandshakeFailure = code == 400 ? .keyNotAllowed : .other("refused with status \(value)")
            return .event(.handshakeFailed(endpoint: endpoint, failure: failure))
        case ZMQ_EVENT_ACCEPTED, ZMQ_EVENT_CONNECTED:
            return .opened(descriptor: code)
        default:
            return .connecting
        }
    }
}
