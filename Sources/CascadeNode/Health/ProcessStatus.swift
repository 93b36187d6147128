internal import Foundation

/// What the kernel tells of a process on this machine.
package enum ProcessStatus {
    /// Bytes of memory that are the process's own, files that it maps not among them; nil where there is no such
    /// process.
    package static func residentBytes(_ pid: Int32) -> Int? {
        text(pid, "status").flatMap { bytes("RssAnon", in: $0) }
    }

    /// When it started, in ticks since the machine did: with its number this names a process for good. nil where there
    /// is none, or one that has ended and waits for its parent to notice.
    static func startTicks(_ pid: Int32) -> UInt64? {
        // The second field is a name in parentheses, which may hold anything; the state is the first behind it, the
        // time the twentieth.
        guard let fields = text(pid, "stat")?.split(separator: ")").last?.split(separator: " "), fields.count > 19,
            !["Z", "X"].contains(fields[0])
        else { return nil }
        return UInt64(fields[19])
    }

    /// Whether a process has that number: of a dead one it may have become the number of a thread, which a signal would
    /// reach as well.
    static func exists(_ pid: Int32) -> Bool {
        guard let status = text(pid, "status") else { return false }
        return status.split(separator: "\n").contains { line in
            line.hasPrefix("Tgid:") && line.split(separator: "\t").last == "\(pid)"[...]
        }
    }

    /// The value of a line such as `MemTotal:  1000 kB`.
    static func bytes(_ key: String, in text: String) -> Int? {
        let line = text.split(separator: "\n").first { $0.hasPrefix(key + ":") }
        let fields = line?.split(whereSeparator: \.isWhitespace) ?? []
        return fields.count == 3 && fields[2] == "kB" ? Int(fields[1]).map { $0 * 1_024 } : nil
    }

    private static func text(_ pid: Int32, _ name: String) -> String? {
        try? String(contentsOfFile: "/proc/\(pid)/\(name)", encoding: .utf8)
    }
}
