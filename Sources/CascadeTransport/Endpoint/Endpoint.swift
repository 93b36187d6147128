internal import Glibc

/// A checked ZeroMQ endpoint: `tcp://host:port`, `ipc://path` or `inproc://name`.
package struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// What the endpoint is to be used for.
    package enum Use: Hashable, Sendable {
        /// To listen: `*` (all interfaces, a free port, a path of ZeroMQ's choice) and port 0 (a free one) are allowed.
        case bind
        /// To connect: one host and one port.
        case connect
    }

    enum Address: Hashable, Sendable {
        /// The host without brackets; the port as ZeroMQ wants it.
        case tcp(host: String, port: String)
        case ipc(path: String)
        case inproc(name: String)
    }

    let address: Address

    /// Most bytes in the path of an ipc endpoint: sun_path has 108, the last of which is 0.
    package static let longestPath = 107

    /// Reads an endpoint; throws `badEndpoint` with an example of a right one.
    package init(parsing text: String, for use: Use) throws(TransportError) {
        func bad(_ reason: String) -> TransportError {
            .badEndpoint(endpoint: text, reason: reason)
        }
        // Folders may have blanks in their names, hosts may not.
        let least: UInt8 = text.hasPrefix("ipc://") ? 0x20 : 0x21
        guard text.utf8.allSatisfy({ $0 >= least && $0 != 0x7f }) else {
            throw bad("it contains white space or control characters")
        }
        if let rest = text.removing(prefix: "tcp://") {
            guard let colon = rest.lastIndex(of: ":") else { throw bad("the port is missing; \(Self.example(use))") }
            let port = String(rest[rest.index(after: colon)...])
            if let reason = Self.fault(port: port, use) { throw bad(reason) }
            let host = String(rest[..<colon])
            if let reason = Self.fault(host: host, use) { throw bad(reason) }
            // "localhost" is a name, which ZeroMQ does not look up when it listens.
            let plain = host == "localhost" ? "127.0.0.1" : host.filter { $0 != "[" && $0 != "]" }
            address = .tcp(host: plain, port: port)
        } else if let path = text.removing(prefix: "ipc://") {
            if path.isEmpty { throw bad("the path is missing, as in ipc:///run/cascade/coordinator.sock") }
            guard path.utf8.count <= Self.longestPath else {
                let lengths = "\(path.utf8.count) bytes, at most \(Self.longestPath) are possible"
                throw bad("the path has \(lengths); choose a shorter one")
            }
            if path == "*" && use == .connect { throw bad("* can only be listened on, not connected to") }
            address = .ipc(path: path)
        } else if let name = text.removing(prefix: "inproc://") {
            if name.isEmpty || name.utf8.count > 256 { throw bad("expected inproc://name, name 1 to 256 bytes long") }
            address = .inproc(name: name)
        } else {
            throw bad("expected tcp://host:port, ipc://path or inproc://name; \(Self.example(use))")
        }
    }

    /// The endpoint as ZeroMQ reads it.
    package var description: String {
        switch address {
        case .tcp(let host, let port): host.contains(":") ? "tcp://[\(host)]:\(port)" : "tcp://\(host):\(port)"
        case .ipc(let path): "ipc://\(path)"
        case .inproc(let name): "inproc://\(name)"
        }
    }

    /// True if only processes of this host can reach it: 127.0.0.0/8, ::1, ipc and inproc. A name is not looked up:
    /// false.
    package var isLoopback: Bool {
        guard case .tcp(let host, _) = address else { return true }
        if let bytes = Self.ipv4(host) { return bytes[0] == 127 }
        guard let bytes = Self.ipv6(host) else { return false }
        let mapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xff && bytes[11] == 0xff
        return mapped ? bytes[12] == 127 : bytes[..<15].allSatisfy { $0 == 0 } && bytes[15] == 1
    }

    /// Host, without brackets, and port of a tcp endpoint; nil for others.
    package var tcp: (host: String, port: String)? {
        if case .tcp(let host, let port) = address { (host, port) } else { nil }
    }

    /// True if it means all interfaces of this host.
    package var isWildcard: Bool {
        guard case .tcp(let host, _) = address else { return false }
        if host == "*" || host == "0.0.0.0" { return true }
        return Self.ipv6(host)?.allSatisfy { $0 == 0 } ?? false
    }

    /// True if the host is spelled as an IPv6 address.
    var isIPv6: Bool {
        guard case .tcp(let host, _) = address else { return false }
        return host.contains(":")
    }

    private static func example(_ use: Use) -> String {
        use == .bind ? "for example tcp://127.0.0.1:5570 or tcp://*:5570" : "for example tcp://127.0.0.1:5570"
    }

    private static func fault(port: String, _ use: Use) -> String? {
        if port == "*" {
            return use == .bind ? nil : "port * can only be listened on, not connected to; \(example(use))"
        }
        guard port.utf8.count <= 5, port.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let number = UInt16(port) else {
            return "\"\(port)\" is not a port number from 0 to 65535; \(example(use))"
        }
        if number == 0 && use == .connect { return "port 0 can only be listened on; \(example(use))" }
        return nil
    }

    private static func fault(host: String, _ use: Use) -> String? {
        if host.isEmpty { return "the host is missing; \(example(use))" }
        if host == "*" {
            return use == .bind ? nil : "host * can only be listened on, not connected to; \(example(use))"
        }
        if host.hasPrefix("[") || host.contains(":") {
            guard host.hasPrefix("["), host.hasSuffix("]"), let bytes = ipv6(String(host.dropFirst().dropLast())) else {
                return "\"\(host)\" is not an IPv6 address in brackets, as in tcp://[::1]:5570"
            }
            let isWildcard = bytes.allSatisfy { $0 == 0 }
            return isWildcard && use == .connect ? "[::] can only be listened on; \(example(use))" : nil
        }
        let isName = host.utf8.allSatisfy { byte in
            byte == 0x2d || byte == 0x2e || byte == 0x5f || (0x30...0x39).contains(byte)
                || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
        }
        if !isName { return "\"\(host)\" is not an address or host name; \(example(use))" }
        if use == .connect && host == "0.0.0.0" { return "0.0.0.0 can only be listened on; \(example(use))" }
        return nil
    }

    private static func ipv4(_ host: String) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 4)
        return inet_pton(AF_INET, host, &bytes) == 1 ? bytes : nil
    }

    /// The address's 16 bytes; a zone (`%eth0`) is left out.
    private static func ipv6(_ host: String) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let withoutZone = String(host.prefix { $0 != "%" })
        return inet_pton(AF_INET6, withoutZone, &bytes) == 1 ? bytes : nil
    }
}

extension String {
    fileprivate func removing(prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}
