internal import Foundation

/// How much memory this process may use.
package struct AvailableMemory: Equatable, Sendable {
    /// The machine's, in bytes.
    package var total: Int
    /// What can be had now without swapping.
    package var available: Int
    /// The least limit of the control groups that the process is in; nil where none is below the machine's memory.
    package var limit: Int?

    /// Creates a value from its parts.
    package init(total: Int, available: Int, limit: Int?) {
        self.total = total
        self.available = available
        self.limit = limit
    }

    /// Reads what the kernel says; nil where it says nothing.
    package static func read() -> AvailableMemory? {
        guard let (total, available) = parse(memoryInfo: text("/proc/meminfo") ?? "") else { return nil }
        let limits = limitFiles(groups: text("/proc/self/cgroup") ?? "").compactMap { file in
            // Without a limit version 2 says `max`, version 1 an absurd number.
            text(file).flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        }
        return AvailableMemory(total: total, available: available, limit: limits.filter { $0 < total }.min())
    }

    /// Bytes in all and available, from the text of `/proc/meminfo`.
    static func parse(memoryInfo: String) -> (total: Int, available: Int)? {
        func bytes(_ key: String) -> Int? {
            let line = memoryInfo.split(separator: "\n").first { $0.hasPrefix(key + ":") }
            let fields = line?.split(separator: " ") ?? []
            return fields.count == 3 && fields[2] == "kB" ? Int(fields[1]).map { $0 * 1_024 } : nil
        }
        guard let total = bytes("MemTotal"), let available = bytes("MemAvailable") else { return nil }
        return (total, available)
    }

    /// The files that may hold a limit, from the text of `/proc/self/cgroup`: those of the process's groups and of all
    /// groups above them, for version 2 and for version 1.
    static func limitFiles(groups: String) -> [String] {
        var files: [String] = []
        for line in groups.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let isSecond = fields[0] == "0" && fields[1].isEmpty
            guard isSecond || fields[1].split(separator: ",").contains("memory") else { continue }
            let root = isSecond ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory"
            let name = isSecond ? "memory.max" : "memory.limit_in_bytes"
            var parts = fields[2].split(separator: "/")
            while true {
                files.append(([root] + parts.map(String.init) + [name]).joined(separator: "/"))
                if parts.popLast() == nil { break }
            }
        }
        return files
    }

    private static func text(_ path: String) -> String? {
        try? String(contentsOfFile: path, encoding: .utf8)
    }
}
