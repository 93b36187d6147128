import CDispatch
import CascadeTestSupport
import Foundation
import Synchronization

/// A stranger who speaks ZMTP without keys and never finishes what it begins.
///
/// It is dialled again whenever the other side ends the connection, until told to stop.
final class PartsFlood: Sendable {
    /// What is sent without end, once the handshake is done.
    enum Kind: CaseIterable, Sendable {
        /// Parts without a byte, the dearest there are.
        case emptyParts
        /// Parts that are just too large to lie within ZeroMQ's own records, one a segment.
        case smallParts
        /// Parts of 60 kB.
        case largeParts
        /// Pings that want their contexts back; no answer is read.
        case pings
        /// Whole messages of a thousand empty parts.
        case longMessages
        /// Subscriptions, which nobody asked for.
        case subscriptions
        /// Handshakes that say a megabyte of the peer, and a message; then it stays.
        case longHandshakes
        /// Frames and commands of all sizes and flags, others in each connection.
        case anything
    }

    private struct State {
        var connections = 0
        var bytes = 0
        var isStopping = false
        var isDone = false
    }

    private let state = Mutex(State())

    /// Connections whose handshake was finished.
    var connections: Int { state.withLock { $0.connections } }
    /// Bytes sent behind handshakes.
    var bytes: Int { state.withLock { $0.bytes } }
    /// Whether it has stopped.
    var isDone: Bool { state.withLock { $0.isDone } }

    /// Attacks a router on a port of 127.0.0.1.
    /// - Parameter seed: draws what is random.
    init(_ kind: Kind, port: UInt16, seed: UInt64) {
        run(kind, as: "DEALER", seed: seed) { TCPSocket.connect(port: port) }
    }

    /// Attacks whoever connects to a socket that listens.
    init(_ kind: Kind, listener: Int32) {
        run(kind, as: "ROUTER", seed: 1) {
            var item = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
            return poll(&item, 1, 100) > 0 ? TCPSocket.accept(listener)?.socket : nil
        }
    }

    /// Ends it soon.
    func stop() { state.withLock { $0.isStopping = true } }

    private func run(_ kind: Kind, as socket: String, seed: UInt64, _ dial: @escaping @Sendable () -> Int32?) {
        Thread.detachNewThread { [self] in
            var random = SeededGenerator(seed: seed)
            var kept: [Int32] = []
            while !state.withLock({ $0.isStopping }) {
                guard let descriptor = dial() else {
                    usleep(10_000)
                    continue
                }
                if Self.greet(descriptor, as: socket, saying: kind == .longHandshakes ? 1 << 20 : 0) {
                    state.withLock { $0.connections += 1 }
                    if kind == .longHandshakes {
                        state.withLock { $0.bytes += 1 << 20 }
                        TCPSocket.send(descriptor, [0, 1, 7])
                        kept.append(descriptor)
                        continue
                    }
                    send(Self.bytes(of: kind, &random), to: descriptor)
                }
                close(descriptor)
            }
            for descriptor in kept { close(descriptor) }
            state.withLock { $0.isDone = true }
        }
    }

    /// Sends until the connection ends. A wait for room is short: whoever is stopped does not hang in it.
    private func send(_ bytes: [UInt8], to descriptor: Int32) {
        var patience = timeval(tv_sec: 0, tv_usec: 200_000)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var offset = 0
        while !state.withLock({ $0.isStopping }) {
            let count = bytes[offset...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 {
                if errno == EAGAIN { continue }
                return
            }
            state.withLock { $0.bytes += count }
            offset = (offset + count) % bytes.count
        }
    }

    private static func bytes(of kind: Kind, _ random: inout SeededGenerator) -> [UInt8] {
        func part(_ bytes: Int, more: Bool = true) -> [UInt8] {
            let header = (0..<8).map { UInt8(truncatingIfNeeded: bytes >> (56 - 8 * $0)) }
            return [more ? 3 : 2] + header + [UInt8](repeating: 7, count: bytes)
        }
        let unit: [UInt8] =
            switch kind {
            case .emptyParts, .longHandshakes: [1, 0]
            case .smallParts: [1, 40] + [UInt8](repeating: 7, count: 40)
            case .largeParts: part(60_000)
            case .pings: [4, 23, 4] + Array("PING".utf8) + [0, 0] + [UInt8](repeating: 7, count: 16)
            case .longMessages: Array(repeatElement([1, 0], count: 1_000).joined()) + [0, 0]
            case .subscriptions: [4, 14, 9] + Array("SUBSCRIBE".utf8) + [7, 7, 7, 7]
            case .anything: anything(&random)
            }
        return Array(repeatElement(unit, count: max(1, (64 << 10) / unit.count)).joined())
    }

    /// Frames behind one another, some of which break the protocol or a limit and end the connection.
    private static func anything(_ random: inout SeededGenerator) -> [UInt8] {
        let names = ["PING", "PONG", "READY", "ERROR", "SUBSCRIBE", "CANCEL", "MESSAGE", ""]
        var bytes: [UInt8] = []
        repeat {
            let most = [0, 1, 40, 300, 5_000, 70_000].randomElement(using: &random) ?? 0
            var body = [UInt8](
                repeating: .random(in: 0...255, using: &random),
                count: .random(in: 0...most, using: &random)
            )
            let isCommand = Int.random(in: 0..<4, using: &random) == 0
            if isCommand {
                let name = names.randomElement(using: &random) ?? ""
                body = [UInt8(name.utf8.count)] + Array(name.utf8) + body.prefix(300)
            }
            let isLong = body.count > 255
            let odd: UInt8 = Int.random(in: 0..<300, using: &random) == 0 ? 8 : 0
            let flags = odd | (isCommand ? 4 : .random(in: 0...1, using: &random)) | (isLong ? 2 : 0)
            let size = (0..<8).map { UInt8(truncatingIfNeeded: body.count >> (56 - 8 * $0)) }
            bytes += [flags] + (isLong ? size : size.suffix(1)) + body
        } while bytes.count < 64 << 10 && Int.random(in: 0..<200, using: &random) > 0
        return bytes
    }

    /// A handshake of ZMTP 3.1 without keys.
    private static func greet(_ descriptor: Int32, as kind: String, saying bytes: Int) -> Bool {
        var greeting: [UInt8] = [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1] + Array("NULL".utf8)
        greeting += [UInt8](repeating: 0, count: 64 - greeting.count)
        var ready = [5] + Array("READY".utf8) + [11] + Array("Socket-Type".utf8) + [0, 0, 0, 6] + Array(kind.utf8)
        for index in 0..<bytes / 8 {
            ready += [3] + [0, 6, 12].map { 0x30 + UInt8(index >> $0 & 63) } + [0, 0, 0, 0]
        }
        let count = (0..<8).map { UInt8(truncatingIfNeeded: ready.count >> (56 - 8 * $0)) }
        // As a real peer does: no command before the other's greeting, no message before the other's READY.
        guard TCPSocket.send(descriptor, greeting), read(64, from: descriptor) != nil,
            TCPSocket.send(descriptor, (ready.count < 256 ? [4] + count.suffix(1) : [6] + count) + ready),
            let size = read(2, from: descriptor)?.last
        else { return false }
        return read(Int(size), from: descriptor) != nil
    }

    private static func read(_ count: Int, from descriptor: Int32) -> [UInt8]? {
        var patience = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var bytes = [UInt8](repeating: 0, count: count)
        return recv(descriptor, &bytes, count, Int32(MSG_WAITALL)) == count ? bytes : nil
    }
}
