internal import CCascadeHost
internal import Foundation

/// How many cores this process may use: the affinity mask cut to the control groups' CPU quotas.
package enum AvailableCores {
    /// At least 1.
    package static func count() -> Int {
        max(1, min(inMask, quota().map { Int($0.rounded(.up)) } ?? inMask))
    }

    /// Cores in the affinity mask.
    package static var inMask: Int {
        // Foundation's activeProcessorCount counts the machine's, whatever the mask says.
        Int(csh_cores_in_mask())
    }

    /// Cores, and parts of one, of the least quota of the control groups that the process is in; nil without one. Files
    /// are looked for below `root`.
    package static func quota(root: String = "") -> Double? {
        ControlGroups.read(root: root).chain("cpu").compactMap { cores($0, root: root) }.min()
    }

    /// The cores that a group's own quota comes to; nil where it has none.
    private static func cores(_ group: ControlGroups.Group, root: String) -> Double? {
        func numbers(_ name: String) -> [Double?] {
            let text = (try? String(contentsOfFile: "\(root)\(group.folder)/\(name)", encoding: .utf8)) ?? ""
            return text.split(whereSeparator: \.isWhitespace).map { Double($0) }
        }
        // Without a quota version 2 says `max`, version 1 -1.
        let parts = group.isSecond ? numbers("cpu.max") : numbers("cpu.cfs_quota_us") + numbers("cpu.cfs_period_us")
        // 4,096 is more than any machine has; what is above makes no sense.
        guard parts.count == 2, let quota = parts[0], let period = parts[1], quota > 0, period > 0,
            quota / period < 4_096
        else { return nil }
        return quota / period
    }
}

/// Names the cores that this process computes on: processes with the same name share them, also across containers.
package enum HostCores {
    /// The machine's boot, which all its containers see, and the affinity mask; empty where the system does not say.
    package static func name() -> String {
        guard let boot = text("/proc/sys/kernel/random/boot_id") else { return "" }
        return "\(boot.trimmingCharacters(in: .whitespacesAndNewlines))/\(mask)"
    }

    /// The affinity mask as the kernel writes it, such as `0-3,8`; empty where the system does not say.
    static var mask: String {
        let line = text("/proc/self/status")?.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
        return line?.split(separator: ":").last?.trimmingCharacters(in: .whitespaces) ?? ""
    }

    private static func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
}
