internal import ArgumentParser
internal import CascadeTransport

/// Where a gateway listens: `127.0.0.1:8080`, `[::1]:8080`, `localhost:0`, or a port of 127.0.0.1 alone.
struct HTTPAddress: Equatable, ExpressibleByArgument {
    /// A number or a name, without brackets.
    var host: String
    /// 0 for one that is free.
    var port: Int

    /// Where nobody says anything else.
    static let standard = HTTPAddress(host: "127.0.0.1", port: 8_080)
    /// Ports that are tried where nobody named one.
    static let tries = 100

    init(host: String, port: Int) { (self.host, self.port) = (host, port) }

    init?(argument: String) {
        let colon = argument.lastIndex(of: ":")
        let digits = colon.map { argument[argument.index(after: $0)...] } ?? argument[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(digits),
            port <= 65_535
        else { return nil }
        self.port = port
        guard let colon else {
            host = Self.standard.host
            return
        }
        let name = String(argument[..<colon])
        let isBracketed = name.hasPrefix("[") && name.hasSuffix("]")
        host = isBracketed ? String(name.dropFirst().dropLast()) : name
        // Without brackets nobody can tell where an address of IPv6 ends.
        if host.isEmpty || host.contains(":") != isBracketed { return nil }
    }

    /// As the option takes it.
    var defaultValueDescription: String { text }
    private var text: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// What a client is told, where the server listens at `port`.
    func url(port: Int, isTLS: Bool = false) -> String {
        let place = HTTPAddress(host: ["0.0.0.0", "::"].contains(host) ? "127.0.0.1" : host, port: port).text
        return "\(isTLS ? "https" : "http")://\(place)"
    }

    /// The first address from this one on, by port, that nobody listens at.
    func nextFree(tries: Int) -> HTTPAddress? {
        let free = (port..<min(port + tries, 65_536)).first { port in
            (try? Endpoint(parsing: "tcp://\(host):\(port)", for: .connect))?.probe(milliseconds: 100) == .free
        }
        return free.map { HTTPAddress(host: host, port: $0) }
    }
}

/// `--http` of `up`: an address, or none.
enum HTTPChoice: Equatable, ExpressibleByArgument {
    case none
    case address(HTTPAddress)

    init?(argument: String) {
        if argument == "none" {
            self = .none
        } else if let address = HTTPAddress(argument: argument) {
            self = .address(address)
        } else {
            return nil
        }
    }

    /// As the option takes it.
    var defaultValueDescription: String {
        switch self {
        case .none: "none"
        case .address(let address): address.defaultValueDescription
        }
    }
}
