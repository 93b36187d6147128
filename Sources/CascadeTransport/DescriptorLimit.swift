internal import Glibc

/// How many descriptors, and so connections, this process may have.
package enum DescriptorLimit {
    /// Enough for the connections that a socket may have, see `TransportOptions.maxConnections`, and everything else.
    package static let most = 8_192

    /// The limit in force.
    package static var current: Int {
        var limit = rlimit()
        getrlimit(resource, &limit)
        return Int(clamping: limit.rlim_cur)
    }

    /// Takes what the system allows, up to ``most``: the usual 1,024 is soon used up by half-open connections.
    package static func adjust() {
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return }
        limit.rlim_cur = min(limit.rlim_max, rlim_t(most))
        setrlimit(resource, &limit)
    }

    private static var resource: __rlimit_resource_t { __rlimit_resource_t(RLIMIT_NOFILE.rawValue) }
}
