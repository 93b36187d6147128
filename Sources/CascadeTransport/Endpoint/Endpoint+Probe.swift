internal import Glibc

extension Endpoint {
    /// What a look at an endpoint found.
    package enum Occupancy: Equatable, Sendable {
        /// Something listens.
        case taken
        /// Nothing listens, and the host said so.
        case free
        /// No word from the host, or the endpoint cannot be used, or not by this user; why, for people.
        case unreachable(String)
    }

    /// Looks whether something listens, by connecting to it and hanging up. Blocks for up to `milliseconds` for each
    /// address of the host; `inproc` endpoints are free: other processes have none.
    package func probe(milliseconds: Int32) -> Occupancy {
        switch address {
        case .inproc: return .free
        case .ipc(let path):
            return Self.look(at: path)
        case .tcp(let host, let port):
            var hints = addrinfo()
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
            var first: UnsafeMutablePointer<addrinfo>?
            let code = getaddrinfo(host, port, &hints, &first)
            guard code == 0 else { return .unreachable(String(cString: gai_strerror(code))) }
            defer { freeaddrinfo(first) }
            var result = Occupancy.unreachable("the host has no address")
            var next = first
            while let entry = next {
                result = Self.connect(to: entry.pointee, milliseconds: milliseconds)
                if result == .taken { return .taken }
                next = entry.pointee.ai_next
            }
            return result
        }
    }

    private static func connect(to entry: addrinfo, milliseconds: Int32) -> Occupancy {
        let type = entry.ai_socktype | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(entry.ai_family, type, entry.ai_protocol)
        guard descriptor >= 0 else { return .unreachable(String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var code = Glibc.connect(descriptor, entry.ai_addr, entry.ai_addrlen) == 0 ? 0 : errno
        if code == EINPROGRESS {
            var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard Glibc.poll(&poll, 1, milliseconds) == 1 else { return .unreachable("no answer") }
            var size = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
        }
        switch code {
        case 0: return .taken
        case ECONNREFUSED: return .free
        default: return .unreachable(String(cString: strerror(code)))
        }
    }
}
