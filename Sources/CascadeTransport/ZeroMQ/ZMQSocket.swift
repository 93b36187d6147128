internal import CZeroMQ
internal import CascadeCore
internal import Glibc

/// One ZeroMQ socket. Not Sendable: opened, used and closed on one thread, as zmq_socket(3) demands.
final class ZMQSocket {
    private var raw: UnsafeMutableRawPointer?
    /// Held until the socket is closed: the end of a context waits for its sockets.
    private var context: ZMQContext?

    init(_ kind: Int32, in context: ZMQContext) throws(TransportError) {
        raw = context.makeSocket(kind)
        if raw == nil { throw .zeroMQ("zmq_socket") }
        self.context = context
    }

    deinit {
        close()
    }

    /// Closes the socket; ZeroMQ goes on sending what is queued for the linger time. Further calls do nothing.
    func close() {
        if let raw { zmq_close(raw) }
        raw = nil
        context = nil
    }

    func set(_ option: Int32, _ name: String, _ value: Int) throws(TransportError) {
        // `TransportOptions.validate` has seen to it that values fit 32 bits.
        var value = Int32(truncatingIfNeeded: value)
        if zmq_setsockopt(raw, option, &value, MemoryLayout<Int32>.size) != 0 { throw .zeroMQ("setting \(name)") }
    }

    func set64(_ option: Int32, _ name: String, _ value: Int) throws(TransportError) {
        var value = Int64(value)
        if zmq_setsockopt(raw, option, &value, MemoryLayout<Int64>.size) != 0 { throw .zeroMQ("setting \(name)") }
    }

    func set(_ option: Int32, _ name: String, text: String) throws(TransportError) {
        if zmq_setsockopt(raw, option, text, text.utf8.count) != 0 { throw .zeroMQ("setting \(name)") }
    }

    func bind(_ endpoint: String) throws(TransportError) {
        if zmq_bind(raw, endpoint) != 0 {
            let code = zmq_errno()
            switch code {
            case EADDRINUSE: throw .addressInUse(endpoint: endpoint)
            case EADDRNOTAVAIL, ENODEV: throw .addressNotAvailable(endpoint: endpoint)
            case EACCES, EPERM: throw .permissionDenied(endpoint: endpoint)
            case ENOENT, ENOTDIR: throw .badEndpoint(endpoint: endpoint, reason: "its folder does not exist")
            default:
                let message = String(cString: zmq_strerror(code))
                throw .system(operation: "listening on \(endpoint)", code: code, message: message)
            }
        }
    }

    func connect(_ endpoint: String) throws(TransportError) {
        if zmq_connect(raw, endpoint) != 0 { throw .zeroMQ("connecting to \(endpoint)") }
    }

    /// The number that the next peer of this router gets. Finds it out by being a peer itself for a moment: must come
    /// before anybody else can be one.
    func nextNumber(in context: ZMQContext) throws(TransportError) -> UInt32 {
        let endpoint = context.nextOwnEndpoint()
        try bind(endpoint)
        defer { zmq_unbind(raw, endpoint) }
        let dealer = try ZMQSocket(ZMQ_DEALER, in: context)
        try dealer.set(ZMQ_LINGER, "LINGER", 0)
        try dealer.connect(endpoint)
        guard dealer.send([[0]], route: nil) == 0,
            case .message(let peer, _, _, _, _) = try receive(routed: true, maxFrames: 1, maxBytes: 1),
            let number = peer.number
        else { throw .zeroMQ("numbering peers") }
        return number &+ 1
    }

    /// The endpoint last bound or connected, wildcards replaced by what was chosen.
    func lastEndpoint() throws(TransportError) -> String {
        var bytes = [UInt8](repeating: 0, count: 1024)
        var count = bytes.count
        if zmq_getsockopt(raw, ZMQ_LAST_ENDPOINT, &bytes, &count) != 0 { throw .zeroMQ("reading LAST_ENDPOINT") }
        return String(decoding: bytes.prefix(max(0, count - 1)), as: UTF8.self)
    }

    /// Has ZeroMQ report `events` of this socket on a PAIR socket at `endpoint`.
    func monitor(_ endpoint: String, events: Int32) throws(TransportError) {
        if zmq_socket_monitor(raw, endpoint, events) != 0 { throw .zeroMQ("zmq_socket_monitor") }
    }

    /// Ends the reports. Does nothing once the socket is closed.
    func endMonitor() {
        if let raw { zmq_socket_monitor(raw, nil, 0) }
    }

    /// The entry for zmq_poll that waits for something to receive.
    var pollItem: zmq_pollitem_t {
        zmq_pollitem_t(socket: raw, fd: -1, events: Int16(ZMQ_POLLIN), revents: 0)
    }

    /// Sends one message, after its routing id if there is one. Never waits.
    /// - Returns: 0, or the errno: EAGAIN (queue full, no connection), EHOSTUNREACH (no such peer). Then nothing was
    ///   sent.
    func send(_ frames: [[UInt8]], route: [UInt8]?) -> Int32 {
        if let route {
            let code = sendFrame(route, more: true)
            if code != 0 { return code }
        }
        var result: Int32 = 0
        for (index, frame) in frames.enumerated() {
            let code = sendFrame(frame, more: index + 1 < frames.count)
            if code == 0 { continue }
            // Refused at the first frame: nothing was begun. Later, a DEALER's connection has died in the middle of the
            // message; ZeroMQ has dropped its beginning and swallows frames up to the last one, which it must get,
            // or the next message would be swallowed in its place.
            result = code
            if code != EAGAIN || (index == 0 && route == nil) { break }
        }
        return result
    }

    private func sendFrame(_ frame: [UInt8], more: Bool) -> Int32 {
        let flags = ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)
        return frame.withUnsafeBytes { bytes in
            while true {
                if zmq_send(raw, bytes.baseAddress, bytes.count, flags) >= 0 { return 0 }
                let code = zmq_errno()
                if code != EINTR { return code }
            }
        }
    }

    /// What a receive found.
    enum Received {
        case nothing
        /// `user` is the key of the peer, where ZeroMQ knows it; `descriptor` its connection, -1 within a process.
        case message(peer: PeerID, frames: [[UInt8]], bytes: Int, user: PublicKey?, descriptor: Int32)
        case tooManyFrames(descriptor: Int32)
        case tooManyBytes(descriptor: Int32)
        /// The peer chose the name that its messages are known by, and it is none that ZeroMQ would give.
        case named(descriptor: Int32)
    }

    /// Takes one whole message, if there is one. Never waits. A message that breaks a limit is drained to its end.
    /// - Parameter routed: the first frame is the sender's routing id (ROUTER sockets).
    func receive(routed: Bool, maxFrames: Int, maxBytes: Int) throws(TransportError) -> Received {
        var message = zmq_msg_t()
        zmq_msg_init(&message)
        defer { zmq_msg_close(&message) }

        var peer = PeerID.only
        var frames: [[UInt8]] = []
        var count = 0
        var bytes = 0
        var user: PublicKey?
        var descriptor: Int32 = -1
        var isNamed = false
        if routed {
            guard try receiveFrame(&message) else { return .nothing }
            peer = PeerID(Self.copy(&message))
            isNamed = peer.number == nil
            // ZeroMQ never delivers a routing id alone; a message without frames would be nothing to the handler
            // anyway.
            if zmq_msg_more(&message) == 0 { return .tooManyFrames(descriptor: -1) }
        }
        repeat {
            // Later parts of a message are always there: ZeroMQ hands over whole messages only.
            guard try receiveFrame(&message) else { return .nothing }
            count += 1
            bytes += zmq_msg_size(&message)
            // The first frame behind the routing id, which loses what ZeroMQ knows of the peer (4.3.4).
            if count == 1 {
                user = zmq_msg_gets(&message, "User-Id").flatMap { PublicKey(String(cString: $0)) }
                descriptor = zmq_msg_get(&message, ZMQ_SRCFD)
            }
            if count <= maxFrames && bytes <= maxBytes {
                frames.append(Self.copy(&message))
            } else {
                frames = []
            }
        } while zmq_msg_more(&message) != 0
        if isNamed { return .named(descriptor: descriptor) }
        if count > maxFrames { return .tooManyFrames(descriptor: descriptor) }
        if bytes > maxBytes { return .tooManyBytes(descriptor: descriptor) }
        return .message(peer: peer, frames: frames, bytes: bytes, user: user, descriptor: descriptor)
    }

    /// False when there is nothing to receive.
    private func receiveFrame(_ message: inout zmq_msg_t) throws(TransportError) -> Bool {
        while zmq_msg_recv(&message, raw, ZMQ_DONTWAIT) < 0 {
            switch zmq_errno() {
            case EINTR: continue
            case EAGAIN: return false
            default: throw .zeroMQ("zmq_msg_recv")
            }
        }
        return true
    }

    private static func copy(_ message: inout zmq_msg_t) -> [UInt8] {
        let count = zmq_msg_size(&message)
        guard count > 0, let data = zmq_msg_data(&message) else { return [] }
        return [UInt8](UnsafeRawBufferPointer(start: data, count: count))
    }
}
