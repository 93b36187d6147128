internal import Glibc

/// An IPv4 address with a port.
package struct SocketAddress: Equatable, Sendable {
    /// In dotted form.
    package var host: String
    /// The port.
    package var port: UInt16

    /// Creates an address; without a host it is this machine's own.
    package init(host: String = "127.0.0.1", port: UInt16) {
        (self.host, self.port) = (host, port)
    }

    init(_ address: sockaddr_in) {
        let number = UInt32(bigEndian: address.sin_addr.s_addr)
        host = [24, 16, 8, 0].map { "\(number >> $0 & 255)" }.joined(separator: ".")
        port = UInt16(bigEndian: address.sin_port)
    }

    /// Calls `body` with what the kernel takes.
    func withSockAddr<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, host, &address.sin_addr)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
