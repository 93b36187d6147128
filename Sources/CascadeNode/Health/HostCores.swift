internal import Foundation

/// Names the cores that this process computes on: processes with the same name share them, also across containers.
enum HostCores {
    /// The machine's boot, which all its containers see, and the affinity mask; empty where the system does not say.
    static func name() -> String {
        func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
        guard let boot = text("/proc/sys/kernel/random/boot_id") else { return "" }
        let mask = text("/proc/self/status")?.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
        let cores = mask?.split(separator: ":").last?.trimmingCharacters(in: .whitespaces) ?? ""
        return "\(boot.trimmingCharacters(in: .whitespacesAndNewlines))/\(cores)"
    }
}
