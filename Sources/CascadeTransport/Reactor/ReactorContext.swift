internal import CZeroMQ
package import CascadeCore
internal import CascadeHost
internal import Glibc

/// What a handler can do on the reactor's thread. Not Sendable: it must not leave that thread.
package final class ReactorContext {
    /// The endpoint the socket listens on (with the port that was chosen) or connects to.
    package let boundEndpoint: String
    /// What was moved, refused and seen so far.
    package internal(set) var counters = TransportCounters()

    /// nil once the reactor has closed its socket.
    var socket: ZMQSocket?
    var connections: ConnectionTable
    private let isRouter: Bool
    private let options: TransportOptions
    private let handle: ReactorHandle

    init(
        socket: ZMQSocket,
        boundEndpoint: String,
        isRouter: Bool,
        options: TransportOptions,
        isEncrypted: Bool,
        firstNumber: UInt32?,
        handle: ReactorHandle
    ) {
        self.socket = socket
        self.boundEndpoint = boundEndpoint
        self.isRouter = isRouter
        self.options = options
        self.handle = handle
        connections = ConnectionTable(options, isEncrypted: isEncrypted, firstNumber: firstNumber)
    }

    /// The monotonic clock, read anew.
    package var now: Instant {
        MonotonicClock.now()
    }

    /// Hands a message to ZeroMQ without ever waiting. The frames are copied.
    /// - Parameter peer: on a router the peer a message came from; on a dealer `PeerID.only`.
    package func send(_ frames: [[UInt8]], to peer: PeerID) -> SendResult {
        if let refusal = options.refusal(of: frames) {
            counters.sendsRefused += 1
            return .refused(refusal)
        }
        guard let socket, isRouter || peer == .only else {
            counters.sendsUnreachable += 1
            return .unreachable
        }
        let bytes = frames.reduce(0) { $0 + $1.count }
        // What a dealer sends is bounded by what its one router asked for.
        guard !isRouter || connections.hasRoom(for: bytes, to: peer) else {
            counters.sendsFull += 1
            return .full
        }
        switch socket.send(frames, route: isRouter ? peer.bytes : nil) {
        case 0:
            counters.messagesSent += 1
            counters.bytesSent += UInt64(bytes)
            if isRouter { connections.noteSent(bytes, to: peer) }
            return .sent
        case EAGAIN:
            counters.sendsFull += 1
            return .full
        default:
            // EHOSTUNREACH; anything else means that the socket is of no use any more, which poll will report.
            counters.sendsUnreachable += 1
            return .unreachable
        }
    }

    /// Makes the reactor stop after this turn.
    package func stop(_ reason: String) {
        handle.stop(reason)
    }
}
