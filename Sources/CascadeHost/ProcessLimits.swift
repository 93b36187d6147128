internal import Foundation
internal import Glibc

/// How many processes and threads there may be: those of this user, and those of the control groups that this process
/// is in. Whoever comes when they are used up is told that a resource is unavailable, or dies of it without a word.
package struct ProcessLimits: Equatable, Sendable {
    /// Of this user, as `ulimit -u` shows it; nil where there is none.
    package var user: Int?
    /// The least of the control groups' `pids.max`; nil where there is none.
    package var group: Int?

    /// Creates the value from its parts.
    package init(user: Int? = nil, group: Int? = nil) {
        (self.user, self.group) = (user, group)
    }

    /// Those of this process. Files are looked for below `root`.
    package static func read(root: String = "", isRoot: Bool = geteuid() == 0) -> ProcessLimits {
        let limits = (try? String(contentsOfFile: "\(root)/proc/self/limits", encoding: .utf8)) ?? ""
        let line = limits.split(separator: "\n").first { $0.hasPrefix("Max processes") }
        // Name, of two words, soft limit, hard limit, unit.
        let soft = line?.split(separator: " ").dropFirst(2).first
        let groups = ControlGroups.read(root: root).chain("pids").compactMap { group in
            let text = try? String(contentsOfFile: "\(root)\(group.folder)/pids.max", encoding: .utf8)
            return text.flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        }
        // The kernel lets root have as many as there is room for.
        return ProcessLimits(user: isRoot ? nil : soft.flatMap { Int($0) }, group: groups.min())
    }

    /// What a cluster on this machine takes with all its threads, and commands beside it.
    package static func need(cores: Int) -> Int { 48 + 8 * cores }

    /// Those limits that a cluster may come up against, for people; nil where there is none.
    package func low(cores: Int) -> String? {
        let need = Self.need(cores: cores)
        let words = [
            user.flatMap { $0 < need ? "\($0) for all that this user runs (ulimit -u)" : nil },
            group.flatMap { $0 < need ? "\($0) for its control group (pids.max)" : nil },
        ].compactMap(\.self)
        return words.isEmpty ? nil : words.joined(separator: ", ")
    }
}

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
