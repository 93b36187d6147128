internal import Foundation

/// Names the cores that this process computes on: processes with the same name share them, also across containers.
enum HostCores {
    /// The machine's boot, which all its containers see, and the affinity mask; empty where the system does not say.
    static func name() -> String {
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
