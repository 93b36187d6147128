internal import Glibc

/// One of ZeroMQ's connections as the kernel knows it. ZeroMQ may close the descriptor at any time, and its number may
/// then be another file's: nothing is done to it unless the kernel's own name for the socket is still the same.
struct KernelConnection {
    /// Where `struct tcp_info` of `<linux/tcp.h>` has its counts of bytes, and how far it has to reach for them (Linux
    /// 4.1).
    private static let (ackedOffset, receivedOffset, infoBytes) = (120, 128, 136)

    let descriptor: Int32
    private let cookie: UInt64

    /// nil where the connection has ended already.
    init?(descriptor: Int32) {
        guard let cookie = Self.cookie(of: descriptor) else { return nil }
        self.descriptor = descriptor
        self.cookie = cookie
    }

    /// Whether the descriptor is another connection's by now.
    var isReplaced: Bool { Self.cookie(of: descriptor).map { $0 != cookie } ?? false }

    /// Bytes that ZeroMQ has taken out of the connection; nil where nobody counts them (ipc) or it has ended.
    var bytesRead: UInt64? {
        guard let received = count(at: Self.receivedOffset), let waiting = queued(UInt(FIONREAD)) else { return nil }
        // More may have come between the two looks.
        return received - min(received, waiting)
    }

    /// Bytes that ZeroMQ has put into the connection; nil as above.
    var bytesWritten: UInt64? {
        guard let acknowledged = count(at: Self.ackedOffset), let waiting = queued(UInt(TIOCOUTQ)) else { return nil }
        return acknowledged + waiting
    }

    /// Ends the connection at once, also for the peer, and drops what waits in it: a shutdown would have ZeroMQ read
    /// on.
    func cut() {
        // A duplicate cannot become another socket between the look and the act. Where there is no descriptor left for
        // one, the number itself has to do: it is ZeroMQ's until the end of the connection is reported.
        let duplicate = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        defer { if duplicate >= 0 { close(duplicate) } }
        let target = duplicate >= 0 ? duplicate : descriptor
        guard Self.cookie(of: target) == cookie else { return }
        var nowhere = sockaddr()
        nowhere.sa_family = sa_family_t(AF_UNSPEC)
        if connect(target, &nowhere, socklen_t(MemoryLayout<sockaddr>.size)) != 0 {
            // A local socket cannot be disconnected so.
            shutdown(target, Int32(SHUT_RDWR))
        }
    }

    /// The other side's address, for people.
    var peer: String {
        var address = sockaddr_storage()
        var count = socklen_t(MemoryLayout<sockaddr_storage>.size)
        var (host, port) = ([CChar](repeating: 0, count: 64), [CChar](repeating: 0, count: 8))
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard getpeername(descriptor, address, &count) == 0, address.pointee.sa_family != AF_UNIX else {
                    return EAI_FAMILY
                }
                return getnameinfo(
                    address,
                    count,
                    &host,
                    socklen_t(host.count),
                    &port,
                    socklen_t(port.count),
                    NI_NUMERICHOST | NI_NUMERICSERV
                )
            }
        }
        guard code == 0 else { return "unknown" }
        let (name, number) = (Self.text(host), Self.text(port))
        return name.contains(":") ? "[\(name)]:\(number)" : "\(name):\(number)"
    }

    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func cookie(of descriptor: Int32) -> UInt64? {
        var cookie: UInt64 = 0
        var count = socklen_t(MemoryLayout<UInt64>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_COOKIE, &cookie, &count) == 0 ? cookie : nil
    }

    private func count(at offset: Int) -> UInt64? {
        withUnsafeTemporaryAllocation(byteCount: Self.infoBytes, alignment: 8) { info in
            var count = socklen_t(Self.infoBytes)
            guard getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, info.baseAddress, &count) == 0,
                Int(count) == Self.infoBytes
            else { return nil }
            return info.load(fromByteOffset: offset, as: UInt64.self)
        }
    }

    private func queued(_ request: UInt) -> UInt64? {
        var bytes: Int32 = 0
        return ioctl(descriptor, request, &bytes) == 0 ? UInt64(max(0, bytes)) : nil
    }
}
