internal import CCascadeHost
internal import CascadeHost
internal import CascadeNode
internal import CascadeTransport
internal import Foundation

/// What `up` tells of its cluster to the other commands of this machine: a small file per endpoint.
struct ClusterRecord: Codable, Equatable {
    /// The coordinator's name among the roles.
    static let coordinator = "coordinator"

    /// The process of `cascade up`.
    var supervisor: ProcessIdentity
    /// Its children by role.
    var children: [String: ProcessIdentity] = [:]
    /// Where the coordinator is reached.
    var endpoint: String
    /// The key file that commands of this machine show; nil for a cluster without keys.
    var adminKey: String?
    /// Whether every role has taken work once.
    var isReady = false
    /// Why roles do not run, by role.
    var troubles: [String: String] = [:]

    /// What was found at an endpoint.
    enum Found: Equatable {
        case nothing
        /// Nobody knows: this user may not look.
        case hidden(SystemError)
        /// A record, and whether the `up` that writes it runs.
        case record(ClusterRecord, isHeld: Bool)
        /// Bytes that say nothing: of another version, or damaged.
        case unreadable(isHeld: Bool)
    }

    /// The endpoint's name for records: all spellings have one.
    static func place(of endpoint: String) -> String {
        (try? Endpoint(parsing: endpoint, for: .bind))?.place ?? endpoint
    }

    /// The file of the record of an endpoint.
    static func file(endpoint: String) -> String { RunFolder.file(place(of: endpoint), ".json") }

    /// The log of a cluster that runs in the background.
    static func log(endpoint: String) -> String { RunFolder.file(place(of: endpoint), ".log") }

    /// Reads the record of the cluster at an endpoint.
    static func find(endpoint: String) -> Found { find(file: file(endpoint: endpoint)) }

    /// Reads the record that is in a file.
    static func find(file: String) -> Found {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            return SystemError.meansNothingThere(errno) ? .nothing : .hidden(SystemError("read", file))
        }
        defer { close(descriptor) }
        let lock = csh_is_file_locked(descriptor)
        // It may be written at this very moment: then the next look finds it whole.
        for _ in 0..<5 {
            if let record = HeldRecord.read(descriptor) {
                // Where the file system has no locks, what is in the file must do.
                return .record(record, isHeld: lock < 0 ? record.supervisor.isRunning : lock > 0)
            }
            usleep(5_000)
        }
        return .unreadable(isHeld: lock > 0)
    }

    /// The record of the cluster that `up` runs at an endpoint; nil where none does.
    static func running(endpoint: String) -> ClusterRecord? {
        if case .record(let record, isHeld: true) = find(endpoint: endpoint) { record } else { nil }
    }

    /// The endpoints of all clusters that `up` runs on this machine for this user.
    static func runningEndpoints() -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: RunFolder.path)) ?? []
        return names.filter { $0.hasPrefix("up-") && $0.hasSuffix(".json") }.sorted().compactMap { name in
            guard case .record(let record, isHeld: true) = find(file: "\(RunFolder.path)/\(name)") else { return nil }
            return record.endpoint
        }
    }

    /// Why the cluster at an endpoint does not do its work, for people; nil where `up` knows of nothing.
    static func trouble(endpoint: String, roles: [String]? = nil) -> String? {
        guard let record = running(endpoint: endpoint) else { return nil }
        let causes = record.troubles.filter { roles?.contains($0.key) ?? true }.sorted { $0.key < $1.key }
        guard !causes.isEmpty else { return nil }
        return causes.map { "the \($0.key) is down: \($0.value)" }.joined(separator: "; ")
            + "; 'cascade up' starts it again once that has passed"
    }

    /// A process of the cluster that still runs: its supervisor, or what is left of it.
    var process: ProcessIdentity? { processes.first(where: \.isRunning) }

    /// The supervisor, then its children.
    var processes: [ProcessIdentity] { [supervisor] + children.sorted { $0.key < $1.key }.map(\.value) }

    /// A coordinator's arguments for jobs that are kept as long as this process, where the user names no file.
    static func temporaryStore(endpoint: String) -> [String] {
        ["--store", RunFolder.file(place(of: endpoint), "-jobs.sqlite"), "--end-jobs-at-stop"]
    }

    /// Removes the socket of a coordinator that has ended without doing so; one that somebody listens on stays.
    static func removeSocket(endpoint: String) {
        guard let place = try? Endpoint(parsing: endpoint, for: .connect), place.tcp == nil,
            place.probe(milliseconds: 100) == .free
        else { return }
        let path = String(endpoint.trimmingPrefix("ipc://"))
        var status = stat()
        if lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK { unlink(path) }
    }

    /// Removes that file, with those that SQLite puts beside it; for who holds the record alone.
    static func removeJobs(endpoint: String) {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            unlink(RunFolder.file(place(of: endpoint), "-jobs.sqlite\(suffix)"))
        }
    }
}
