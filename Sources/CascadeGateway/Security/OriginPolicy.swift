internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// Who may use the gateway from a browser. A page elsewhere can make its reader's browser ask this host: by a name that
/// it has pointed at this address (DNS rebinding), or by a simple request whose answer it cannot read. The Host header
/// tells the first, Origin and the content type the second.
struct OriginPolicy: Sendable {
    /// Names, besides `localhost`, by which the gateway may be asked for, in small letters; `*` for any.
    var allowedHosts: Set<String>
    /// Origins whose pages may use it, such as `https://chat.example`; `*` for any.
    var corsOrigins: Set<String>
    /// Whether the Host header is judged: not where keys are, which a page elsewhere does not have.
    var checksHost: Bool

    /// The Host header's name, without the port and the brackets of an address.
    static func name(ofHost host: String) -> String {
        if host.hasPrefix("[") { return String(host.dropFirst().prefix { $0 != "]" }).lowercased() }
        return String(host.prefix { $0 != ":" }).lowercased()
    }

    private func allows(host: String) -> Bool {
        if !checksHost || allowedHosts.contains("*") { return true }
        var name = Self.name(ofHost: host)
        if name.hasSuffix(".") { name.removeLast() }
        // An address cannot be rebound: whoever asks for it by number means it.
        if name == "localhost" || name.hasSuffix(".localhost") || allowedHosts.contains(name) { return true }
        return (try? SocketAddress(ipAddress: name, port: 0)) != nil
    }

    /// Throws for a request that a page elsewhere may have caused. Returns the headers that let an allowed page read
    /// the answer.
    func check(_ head: HTTPRequest) throws(GatewayError) -> HTTPFields {
        let host = head.authority ?? head.headerFields[Self.host]
        if let host, !allows(host: host) { throw .foreignHost }
        guard let origin = head.headerFields[.origin] else { return [:] }
        if corsOrigins.contains("*") { return [.accessControlAllowOrigin: "*"] }
        if corsOrigins.contains(origin.lowercased()) {
            return [.accessControlAllowOrigin: origin, .vary: "Origin"]
        }
        // A page that this gateway itself serves.
        if let host, origin.split(separator: "/").last.map({ $0.lowercased() }) == host.lowercased() { return [:] }
        throw .foreignOrigin
    }

    /// The answer to the question that browsers ask first.
    static func preflight(_ head: HTTPRequest) -> HTTPFields? {
        guard head.method == .options, head.headerFields[.accessControlRequestMethod] != nil else { return nil }
        var fields: HTTPFields = [
            .accessControlAllowMethods: "GET, POST, DELETE, OPTIONS", .accessControlMaxAge: "600",
        ]
        fields[.accessControlAllowHeaders] =
            head.headerFields[.accessControlRequestHeaders] ?? "authorization, content-type"
        return fields
    }

    /// Where a codec has not turned it into the authority.
    private static let host = HTTPField.Name("Host")!  // a constant that is a name
}
