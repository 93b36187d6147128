import CascadeTestSupport
import Foundation
import Synchronization

/// Connections of strangers to a coordinator's port, from many addresses of 127.0.0.0/8, at a steady pace.
final class GarbageFlood: Sendable {
    /// What a stranger does.
    enum Kind: CaseIterable, Sendable {
        /// Connects and hangs up.
        case hangUp
        /// Connects, says 64 random bytes and hangs up.
        case babble
        /// Connects and says nothing until the flood ends.
        case halfOpen
    }

    private let state = Mutex((made: 0, isDone: false))

    /// Connections that were made.
    var made: Int { state.withLock { $0.made } }

    /// Whether all were made.
    var isDone: Bool { state.withLock { $0.isDone } }

    /// Starts a thread that makes `count` connections, `perSecond` of them in each second.
    init(port: UInt16, count: Int, perSecond: Int, kinds: [Kind]) {
        Thread.detachNewThread { [self] in
            var held: [Int32] = []
            let start = Date.now
            for index in 0..<count {
                let kind = kinds[index % kinds.count]
                if let socket = Self.connect(port: port, index: index) {
                    state.withLock { $0.made += 1 }
                    if kind == .babble {
                        TCPSocket.send(socket, (0..<64).map { _ in UInt8.random(in: 0...255) })
                    }
                    if kind == .halfOpen { held.append(socket) } else { close(socket) }
                }
                let early = start.addingTimeInterval(Double(index + 1) / Double(perSecond)).timeIntervalSinceNow
                if early > 0.002 { usleep(UInt32(early * 1_000_000)) }
            }
            for socket in held { close(socket) }
            state.withLock { $0.isDone = true }
        }
    }

    /// From another address each time: closed connections keep their ports for a minute.
    private static func connect(port: UInt16, index: Int) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        func address(_ host: UInt32, _ port: UInt16) -> sockaddr_in {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = host.bigEndian
            return address
        }
        func with(_ value: sockaddr_in, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Bool {
            withUnsafePointer(to: value) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    call($0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
        }
        let source = 0x7F01_0001 + UInt32(index % 200)
        if with(address(source, 0), { bind(descriptor, $0, $1) }),
            with(address(0x7F00_0001, port), { Glibc.connect(descriptor, $0, $1) })
        {
            return descriptor
        }
        close(descriptor)
        return nil
    }
}
