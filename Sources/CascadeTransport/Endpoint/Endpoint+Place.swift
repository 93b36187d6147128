internal import CascadeHost
internal import Glibc

extension Endpoint {
    /// One name for all spellings by which processes of this machine mean the same place: `localhost`, 127.0.0.1, ::1
    /// and all interfaces at once are one for a port, and so are all paths to a socket.
    package var place: String {
        switch address {
        case .tcp(let host, let port):
            let number = UInt16(port).map { "\($0)" } ?? port
            return "tcp-\(isWildcard ? "local" : Self.plain(host))-\(number)"
        case .ipc(let path): return "ipc-\(Self.resolved(path))"
        case .inproc(let name): return "inproc-\(name)"
        }
    }

    /// Where other machines reach whoever listens here.
    package var reachable: String { reached(at: HostAddress.usual) }

    /// Where processes of this machine reach whoever listens here.
    package var local: String { reached(at: "127.0.0.1") }

    private func reached(at host: @autoclosure () -> String) -> String {
        guard isWildcard, let port = tcp?.port else { return "\(self)" }
        return "tcp://\(host()):\(port)"
    }

    /// A host as the system reads it: `127.1` and `0:0::1` are addresses too. Names are not looked up.
    private static func plain(_ host: String) -> String {
        let name = host.lowercased()
        if name == "localhost" { return "local" }
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &hints, &first) == 0, let entry = first?.pointee else { return name }
        defer { freeaddrinfo(first) }
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let size = socklen_t(text.count)
        guard getnameinfo(entry.ai_addr, entry.ai_addrlen, &text, size, nil, 0, NI_NUMERICHOST) == 0 else {
            return name
        }
        let address = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return ["127.0.0.1", "::1", "::ffff:127.0.0.1"].contains(address) ? "local" : address
    }

    /// A path without links in it; what it names, and folders on the way, need not be there yet.
    private static func resolved(_ path: String) -> String {
        var head = path.split(separator: "/", omittingEmptySubsequences: true)
        var missing: [Substring] = []
        let start = path.hasPrefix("/") ? "/" : "./"
        while true {
            if let found = realpath(start + head.joined(separator: "/"), nil) {
                defer { free(found) }
                let folder = String(cString: found)
                return ([folder == "/" ? "" : folder] + missing.map(String.init)).joined(separator: "/")
            }
            guard let last = head.popLast() else { return path }
            missing.insert(last, at: 0)
        }
    }
}
