internal import CCascadeHost
internal import Foundation

/// Names a process of this machine for good.
///
/// Its number alone does not: numbers are used again, start anew with the machine, and mean other processes in another
/// container. The program's name does not either: programs are renamed and replaced while they run.
package struct ProcessIdentity: Codable, Hashable, Sendable {
    /// How a process that was written down stands.
    package enum Standing: Sendable {
        /// It runs.
        case running
        /// It has ended, whoever has its number now.
        case gone
        /// It belongs to a container, or a namespace of processes, that cannot be looked into from here.
        case elsewhere
    }

    /// Its number, in its namespace.
    package let pid: Int32
    /// When it started, in ticks since the machine did.
    private let startTicks: UInt64
    /// The machine's boot.
    private let boot: String
    /// Where the number means it.
    private let namespace: UInt64

    /// The process that has a number here; nil where there is none, or it has ended and waits for its parent to notice.
    package init?(pid: Int32) {
        guard let here = Self.here, let startTicks = ProcessStatus.startTicks(pid) else { return nil }
        self.pid = pid
        self.startTicks = startTicks
        (boot, namespace) = here
    }

    /// How it stands now.
    package var standing: Standing {
        // Without /proc nothing can be said of anybody, and so nobody is signalled.
        guard let here = Self.here else { return .elsewhere }
        guard boot == here.boot else { return .gone }
        guard namespace == here.namespace else { return .elsewhere }
        return ProcessStatus.startTicks(pid) == startTicks ? .running : .gone
    }

    /// Whether it runs.
    package var isRunning: Bool { standing == .running }

    /// Sends it a signal, and never anybody else; false where it does not run.
    @discardableResult
    package func signal(_ number: Int32) -> Bool {
        // The descriptor holds on to whoever has the number now, so that what is found out about it then stays true.
        let descriptor = csh_pidfd_open(pid)
        guard descriptor >= 0 else { return errno != ESRCH && isRunning && kill(pid, number) == 0 }
        defer { close(descriptor) }
        return isRunning && csh_pidfd_signal(descriptor, number) == 0
    }

    /// This boot and this namespace of processes; nil where /proc is not there, or shows another namespace.
    private static let here: (boot: String, namespace: UInt64)? = {
        var status = stat()
        guard let boot = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8),
            let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self"), Int32(own) == getpid(),
            stat("/proc/self/ns/pid", &status) == 0
        else { return nil }
        return (boot.trimmingCharacters(in: .whitespacesAndNewlines), UInt64(status.st_ino))
    }()
}

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
