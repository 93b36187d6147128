internal import CCascadeHost
internal import Foundation

/// How many cores this process may use: the affinity mask cut to the control group's CPU quota.
package enum AvailableCores {
    /// At least 1.
    package static func count() -> Int {
        max(1, min(inMask, quota() ?? inMask))
    }

    /// Cores in the affinity mask.
    package static var inMask: Int {
        // Foundation's activeProcessorCount counts the machine's, whatever the mask says.
        Int(csh_cores_in_mask())
    }

    /// Whole cores of the control group's quota, rounded up; nil without one. Version 2 first, then version 1.
    package static func quota() -> Int? {
        if let text = try? String(contentsOfFile: "/sys/fs/cgroup/cpu.max", encoding: .utf8) {
            let fields = text.split(whereSeparator: \.isWhitespace)
            if fields.count == 2, let quota = Double(fields[0]), let period = Double(fields[1]), period > 0 {
                return max(1, Int((quota / period).rounded(.up)))
            }
        }
        func number(_ name: String) -> Double? {
            (try? String(contentsOfFile: "/sys/fs/cgroup/cpu/\(name)", encoding: .utf8))
                .flatMap { Double($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        }
        if let quota = number("cpu.cfs_quota_us"), let period = number("cpu.cfs_period_us"), quota > 0, period > 0 {
            return max(1, Int((quota / period).rounded(.up)))
        }
        return nil
    }
}
