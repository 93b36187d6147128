internal import CascadeCore
internal import Foundation

/// A process's own word on its health, in a small file that `cascade health --process` reads: a container's health
/// check runs in the same container and needs no port.
///
/// The file is rewritten every second by the thread that answers heartbeats; a file that is older than a few seconds
/// tells of a process that no longer turns.
package struct ProcessHealth: Codable, Equatable, Sendable {
    /// The process.
    package var pid: Int32
    /// `coordinator`, `drafter` or `expert`.
    package var role: String
    /// `connecting`, `loading`, `ready` or `draining`.
    package var state: String
    /// What a person should know, e.g. that the coordinator does not answer.
    package var note: String
    /// When it was written, on the machine's monotonic clock: a wall clock that is set, or a file that is copied, makes
    /// no process look dead.
    private var monotonicNanoseconds: UInt64
    /// The process for good: its number may be another's by now.
    private var process: ProcessIdentity?

    /// Creates a report about this process, now.
    package init(role: String, state: String, note: String) {
        monotonicNanoseconds = MonotonicClock.now().nanoseconds
        pid = ProcessInfo.processInfo.processIdentifier
        process = Self.own
        self.role = role
        self.state = state
        self.note = note
    }

    /// Seconds after which a report is stale.
    package static let staleSeconds = 6.0

    /// Where reports lie; per user.
    package static var folder: OwnFolder {
        OwnFolder(FileManager.default.temporaryDirectory.appending(path: "cascade-health-\(getuid())").path)
    }

    /// Why processes can tell nothing of their health here, nor of memory that they were promised; nil where they can.
    package static func trouble(in folder: OwnFolder = folder) -> String? {
        do throws(OwnPlaceError) {
            try folder.check()
            return nil
        } catch {
            return "\(error)"
        }
    }

    private static let own = ProcessIdentity(pid: getpid())

    private var name: String { "\(pid).json" }

    /// Writes the report; health must never stop a process that works, so failures are left to the reader to notice.
    package func write(in folder: OwnFolder = folder) {
        if let data = try? JSONEncoder().encode(self) { folder.write(Array(data), to: name) }
    }

    /// Removes the report of this process.
    package func remove(in folder: OwnFolder = folder) {
        folder.remove(name)
    }

    /// Seconds since the report was written; one from before the machine started, which shows as one from the future,
    /// is infinitely old.
    func ageSeconds(at now: Instant) -> Double {
        let written = Instant(nanoseconds: monotonicNanoseconds)
        return written <= now ? now.milliseconds(since: written) / 1_000 : .infinity
    }

    /// All reports of live processes with their age in seconds; leftovers of dead processes are removed.
    package static func all(in folder: OwnFolder = folder) -> [(report: ProcessHealth, ageSeconds: Double)] {
        folder.names().filter { $0.hasSuffix(".json") }.compactMap { name in
            guard let bytes = folder.read(name),
                let report = try? JSONDecoder().decode(ProcessHealth.self, from: Data(bytes))
            else { return nil }
            // One of another container's is neither this one's nor gone.
            let standing = report.process?.standing ?? (ProcessStatus.exists(report.pid) ? .running : .gone)
            if standing == .gone { folder.remove(name) }
            guard standing == .running else { return nil }
            return (report, report.ageSeconds(at: MonotonicClock.now()))
        }.sorted { $0.report.pid < $1.report.pid }
    }
}
