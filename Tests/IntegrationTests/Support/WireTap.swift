import CascadeCore
import CascadeTestSupport
import CascadeWire
import Foundation
import Synchronization

/// A TCP proxy between one node and the coordinator that understands ZMTP's framing: a test sees every message as it
/// crosses and decides, so a kill hits a round that is really in flight instead of a moment guessed by sleeping.
final class WireTap: TestLink {
    enum Direction: Sendable {
        case toCoordinator
        case toNode
    }

    enum Decision: Sendable {
        case forward
        case drop
        case twice
    }

    /// The port to connect to.
    let port: UInt16
    private let target: UInt16
    private let listener: Int32
    private let decide: @Sendable (Direction, Message) -> Decision
    private let open = Mutex<[Int32]>([])

    /// Listens on a free port of 127.0.0.1 and forwards to `target`; `decide` is called for every message.
    init(target: UInt16, decide: @escaping @Sendable (Direction, Message) -> Decision) throws {
        self.target = target
        self.decide = decide
        (listener, port) = try TCPSocket.listen()
        Thread.detachNewThread { [self] in accept() }
    }

    /// Closes every connection; nothing crosses any more.
    func close() {
        shutdown(listener, Int32(SHUT_RDWR))
        open.withLock { for socket in $0 { shutdown(socket, Int32(SHUT_RDWR)) } }
    }

    private func accept() {
        while true {
            guard let (client, _) = TCPSocket.accept(listener) else {
                Glibc.close(listener)
                return
            }
            guard let server = TCPSocket.connect(port: target) else {
                Glibc.close(client)
                continue
            }
            open.withLock { $0 += [client, server] }
            Thread.detachNewThread { [self] in pump(from: client, to: server, .toCoordinator) }
            Thread.detachNewThread { [self] in pump(from: server, to: client, .toNode) }
        }
    }

    private func pump(from source: Int32, to sink: Int32, _ direction: Direction) {
        var parser = ZMTPParser()
        var buffer = [UInt8](repeating: 0, count: 65_536)
        reading: while true {
            let count = recv(source, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            for unit in parser.take(buffer[..<count]) {
                var copies = 1
                if let frames = unit.frames, let message = try? WireCodec.decode(frames, limits: WireLimits()) {
                    switch decide(direction, message) {
                    case .forward: break
                    case .drop: copies = 0
                    case .twice: copies = 2
                    }
                }
                for _ in 0..<copies where !TCPSocket.send(sink, unit.bytes) { break reading }
            }
        }
        shutdown(source, Int32(SHUT_RDWR))
        shutdown(sink, Int32(SHUT_RDWR))
    }
}

/// Cuts a ZMTP 3.x stream (RFC 23) with the NULL mechanism into the greeting, commands and whole multipart messages.
struct ZMTPParser {
    struct Unit {
        var bytes: [UInt8]
        /// The frames of a message; nil for the greeting and for commands.
        var frames: [[UInt8]]?
    }

    private var pending: [UInt8] = []
    private var greetingLeft = 64
    private var messageBytes: [UInt8] = []
    private var messageFrames: [[UInt8]] = []

    mutating func take(_ bytes: some Collection<UInt8>) -> [Unit] {
        pending += bytes
        var units: [Unit] = []
        if greetingLeft > 0 {
            // Piece by piece: each side waits for the other's first bytes before it sends the rest.
            let piece = Array(pending.prefix(greetingLeft))
            units.append(Unit(bytes: piece, frames: nil))
            pending.removeFirst(piece.count)
            greetingLeft -= piece.count
        }
        while let (header, size) = frameHeader(), pending.count >= header + size {
            let flags = pending[0]
            let frame = Array(pending[..<(header + size)])
            pending.removeFirst(header + size)
            if flags & 4 != 0 {
                units.append(Unit(bytes: frame, frames: nil))
                continue
            }
            messageBytes += frame
            messageFrames.append(Array(frame[header...]))
            if flags & 1 == 0 {
                units.append(Unit(bytes: messageBytes, frames: messageFrames))
                messageBytes = []
                messageFrames = []
            }
        }
        return units
    }

    private func frameHeader() -> (header: Int, size: Int)? {
        guard pending.count >= 2 else { return nil }
        guard pending[0] & 2 != 0 else { return (2, Int(pending[1])) }
        guard pending.count >= 9 else { return nil }
        return (9, pending[1..<9].reduce(0) { $0 << 8 | Int($1) })
    }
}
