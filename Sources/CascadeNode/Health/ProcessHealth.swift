internal import Foundation

/// A process's own word on its health, in a small file that `cascade health --process` reads: a container's health
/// check runs in the same container and needs no port.
///
/// The file is rewritten every second by the thread that answers heartbeats; a file that is older than a few seconds
/// tells of a process that no longer turns.
package struct ProcessHealth: Codable, Sendable {
    /// The process.
    package var pid: Int32
    /// `coordinator`, `drafter` or `expert`.
    package var role: String
    /// `connecting`, `loading`, `ready` or `draining`.
    package var state: String
    /// What a person should know, e.g. that the coordinator does not answer.
    package var note: String

    /// Creates a report about this process.
    package init(role: String, state: String, note: String) {
        pid = ProcessInfo.processInfo.processIdentifier
        self.role = role
        self.state = state
        self.note = note
    }

    /// Seconds after which a report is stale.
    package static let staleSeconds = 6.0

    /// Where reports lie; per user.
    static var directory: URL {
        FileManager.default.temporaryDirectory.appending(
            path: "cascade-health-\(getuid())",
            directoryHint: .isDirectory
        )
    }

    private var file: URL { Self.directory.appending(path: "\(pid).json") }

    /// Writes the report; health must never stop a process that works, so failures are left to the reader to notice.
    package func write() {
        try? FileManager.default.createDirectory(at: Self.directory, withIntermediateDirectories: true)
        if let data = try? JSONEncoder().encode(self) {
            try? data.write(to: file, options: .atomic)
        }
    }

    /// Removes the report of this process.
    package func remove() {
        try? FileManager.default.removeItem(at: file)
    }

    /// Whether a process has that number: of a dead one it may have become the number of a thread, which a signal would
    /// reach as well.
    private static func isProcess(_ pid: Int32) -> Bool {
        guard let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8) else { return false }
        return status.split(separator: "\n").contains { line in
            line.hasPrefix("Tgid:") && line.split(separator: "\t").last == "\(pid)"[...]
        }
    }

    /// All reports of live processes with their age in seconds; leftovers of dead processes are removed.
    package static func all() -> [(report: ProcessHealth, ageSeconds: Double)] {
        let files =
            (try? FileManager.default.contentsOfDirectory(
                at: directory,
                includingPropertiesForKeys: [.contentModificationDateKey]
            )) ?? []
        return files.filter { $0.pathExtension == "json" }.compactMap { file in
            guard let data = try? Data(contentsOf: file),
                let report = try? JSONDecoder().decode(ProcessHealth.self, from: data)
            else { return nil }
            guard isProcess(report.pid) else {
                try? FileManager.default.removeItem(at: file)
                return nil
            }
            let modified = try? file.resourceValues(forKeys: [.contentModificationDateKey]).contentModificationDate
            return (report, modified.map { -$0.timeIntervalSinceNow } ?? .infinity)
        }.sorted { $0.report.pid < $1.report.pid }
    }
}
