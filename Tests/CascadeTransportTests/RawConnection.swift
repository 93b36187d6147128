import Dispatch
import Glibc

/// A plain TCP connection to 127.0.0.1, for peers that are no ZeroMQ programs or bad ones.
///
/// Call `close` when the connection has served its purpose: Swift may release the object right after its last use.
final class RawConnection {
    private(set) var descriptor: Int32

    init?(port: UInt16, receiveBuffer: Int32? = nil) {
        let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        if var receiveBuffer {
            setsockopt(connection, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = loopback(port)
        if withSocketAddress(&address, { connect(connection, $0, $1) }) != 0 {
            Glibc.close(connection)
            return nil
        }
        descriptor = connection
    }

    init(accepted descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        close()
    }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    /// False once the other side has closed the connection.
    @discardableResult
    func write(_ bytes: [UInt8]) -> Bool {
        send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    /// True if the other side closes or resets the connection within `milliseconds`; what it sends until then is
    /// ignored.
    func isClosed(within milliseconds: Int32) -> Bool {
        var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        var buffer = [UInt8](repeating: 0, count: 4096)
        while poll(&item, 1, milliseconds) > 0 {
            if recv(descriptor, &buffer, buffer.count, 0) <= 0 { return true }
        }
        return false
    }

    /// Writes `bytes` again and again until the other side ends the connection, or about `most` are written.
    /// - Returns: how many were.
    func flood(_ bytes: [UInt8], most: Int) async -> Int {
        let descriptor = descriptor
        return await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                var written = 0
                while written < most {
                    let count = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
                    if count <= 0 { break }
                    written += count
                }
                continuation.resume(returning: written)
            }
        }
    }

    /// Greets without security, as a ZMTP 3.0 peer does; from here on bytes are frames of the handshake.
    func greet() {
        var greeting: [UInt8] = [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0] + Array("NULL".utf8)
        greeting += [UInt8](repeating: 0, count: 64 - greeting.count)
        write(greeting)
        // As a real peer does: no command before the other's greeting, no message before the other's READY.
        read(64)
    }

    /// Becomes a ZMTP 3.0 DEALER (or ROUTER) without security; from here on bytes are frames of messages.
    /// - Parameters:
    ///   - bytes: how much it says of itself beside that.
    ///   - name: the routing id that it wants, of any length.
    func performHandshake(as kind: String = "DEALER", saying bytes: Int = 0, named name: [UInt8] = []) {
        greet()
        var ready = [5] + Array("READY".utf8) + [11] + Array("Socket-Type".utf8) + [0, 0, 0, 6] + Array(kind.utf8)
        let nameBytes = (0..<4).map { UInt8(truncatingIfNeeded: name.count >> (24 - 8 * $0)) }
        if !name.isEmpty { ready += [8] + Array("Identity".utf8) + nameBytes + name }
        for index in 0..<bytes / 8 {
            ready += [3] + [0, 6, 12].map { 0x30 + UInt8(index >> $0 & 63) } + [0, 0, 0, 0]
        }
        let size = (0..<8).map { UInt8(truncatingIfNeeded: ready.count >> (56 - 8 * $0)) }
        write((ready.count < 256 ? [4] + size.suffix(1) : [6] + size) + ready)
        read(Int(read(2).last ?? 0))
    }

    /// Reads `count` bytes; fewer if the other side closes the connection.
    @discardableResult
    private func read(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let received = count == 0 ? 0 : recv(descriptor, &bytes, count, Int32(MSG_WAITALL))
        return Array(bytes.prefix(max(0, received)))
    }
}

/// A plain TCP listener on 127.0.0.1.
final class RawListener {
    private(set) var descriptor: Int32
    let port: UInt16

    /// Listens on a free port that the system never gives to outgoing connections: one that is closed and opened again
    /// must not be taken in between, not even by a dealer that connects to itself.
    static func steady() -> RawListener? {
        for _ in 0..<100 {
            if let listener = RawListener(port: .random(in: 20_000..<32_000)) { return listener }
        }
        return nil
    }

    init?(port wanted: UInt16 = 0) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var one: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        var address = loopback(wanted)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        guard withSocketAddress(&address, { bind(listener, $0, $1) }) == 0, listen(listener, 8) == 0 else {
            Glibc.close(listener)
            return nil
        }
        _ = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(listener, $0, &size) }
        }
        descriptor = listener
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit {
        close()
    }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    func accept(within milliseconds: Int32 = 5000) -> RawConnection? {
        var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&item, 1, milliseconds) > 0 else { return nil }
        let accepted = Glibc.accept(descriptor, nil, nil)
        // A process that another test spawns must not keep the connection open.
        _ = fcntl(accepted, F_SETFD, FD_CLOEXEC)
        return accepted < 0 ? nil : RawConnection(accepted: accepted)
    }
}

/// True if this host can listen on ::1.
func hasIPv6Loopback() -> Bool {
    let descriptor = socket(AF_INET6, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var address = sockaddr_in6()
    address.sin6_family = sa_family_t(AF_INET6)
    address.sin6_addr = in6addr_loopback
    return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) == 0
        }
    }
}

private func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
}

private func withSocketAddress<T>(_ address: inout sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) -> T) -> T
{
    withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
}
