internal import Foundation

/// TCP sockets for tests: none is inherited by a process that another test spawns at the same moment.
package enum TCPSocket {
    /// A socket, not connected.
    package static func make(isBlocking: Bool = true) -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        return socket(AF_INET, isBlocking ? kind : kind | Int32(SOCK_NONBLOCK.rawValue), 0)
    }

    /// A socket that listens there, even where connections of an earlier one linger; nil where that cannot be had.
    package static func listen(at address: SocketAddress, reuses: Bool = true) -> Int32? {
        let descriptor = make()
        if reuses { set(descriptor, SOL_SOCKET, SO_REUSEADDR) }
        if descriptor >= 0, address.withSockAddr({ bind(descriptor, $0, $1) }) == 0,
            Glibc.listen(descriptor, 64) == 0
        {
            return descriptor
        }
        close(descriptor)
        return nil
    }

    /// A socket that listens on a free port of 127.0.0.1 which the system never gives to outgoing connections: a
    /// coordinator that is killed and started again must find its port free.
    package static func listen() throws -> (socket: Int32, port: UInt16) {
        for _ in 0..<100 {
            let port = UInt16.random(in: 20_000..<32_000)
            if let socket = listen(at: SocketAddress(port: port), reuses: false) { return (socket, port) }
        }
        throw POSIXError(.EADDRINUSE)
    }

    /// A port that was free a moment ago.
    package static func freePort() throws -> UInt16 {
        let (socket, port) = try listen()
        close(socket)
        return port
    }

    /// A socket that is connected to a port of 127.0.0.1, or nil.
    package static func connect(port: UInt16) -> Int32? {
        let descriptor = make()
        if descriptor >= 0, SocketAddress(port: port).withSockAddr({ Glibc.connect(descriptor, $0, $1) }) == 0 {
            return descriptor
        }
        close(descriptor)
        return nil
    }

    /// Takes the next connection, and who made it; nil where there is none.
    package static func accept(_ listener: Int32, isBlocking: Bool = true) -> (socket: Int32, peer: SocketAddress)? {
        // accept4 is a glibc extension, which the module map hides: int accept4(int, struct sockaddr *, socklen_t *,
        // int).
        typealias Accept4 =
            @convention(c) (Int32, UnsafeMutablePointer<sockaddr>?, UnsafeMutablePointer<socklen_t>?, Int32) -> Int32
        guard let symbol = dlsym(nil, "accept4") else { return nil }
        // The type is that of glibc's manual.
        let accept4 = unsafeBitCast(symbol, to: Accept4.self)
        var peer = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let flags = Int32(SOCK_CLOEXEC.rawValue) | (isBlocking ? 0 : Int32(SOCK_NONBLOCK.rawValue))
        let descriptor = withUnsafeMutablePointer(to: &peer) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { accept4(listener, $0, &size, flags) }
        }
        return descriptor < 0 ? nil : (descriptor, SocketAddress(peer))
    }

    /// Sends all bytes on a blocking socket; false when the peer is gone.
    @discardableResult
    package static func send(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// Each write leaves at once.
    static func sendAtOnce(_ descriptor: Int32) {
        set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY)
    }

    /// Closes a socket so that the other side hears of a failure, not of an end.
    static func reset(_ descriptor: Int32) {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close(descriptor)
    }

    private static func set(_ descriptor: Int32, _ level: Int32, _ name: Int32) {
        var on: Int32 = 1
        setsockopt(descriptor, level, name, &on, socklen_t(MemoryLayout<Int32>.size))
    }
}
