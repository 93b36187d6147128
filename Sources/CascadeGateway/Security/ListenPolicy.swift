internal import NIOCore

/// Where a gateway may listen.
package enum ListenPolicy {
    /// What is wrong with listening at `host`, for people; nil where nothing is. Without keys everybody who reaches the
    /// port may use the cluster, so only programs on this host shall reach it.
    package static func problem(host: String, hasKeys: Bool, isInsecure: Bool) -> String? {
        if hasKeys || isInsecure || isLoopback(host) { return nil }
        return """
            without API keys the gateway listens on loopback only, not at \(host): give it a file of keys \
            (--api-keys FILE), or say --insecure where everybody who reaches the port may use the cluster
            """
    }

    /// Whether only this host reaches the address.
    package static func isLoopback(_ host: String) -> Bool {
        if host.lowercased() == "localhost" { return true }
        guard let address = try? SocketAddress(ipAddress: host, port: 0) else { return false }
        switch address {
        case .v4: return host.hasPrefix("127.")
        // However it is written: the address itself is compared.
        case .v6: return (try? SocketAddress(ipAddress: "::1", port: 0)) == address
        case .unixDomainSocket: return false
        }
    }
}
