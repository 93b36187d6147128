internal import CCascadeHost
internal import CascadeHost
internal import CascadeNode
internal import CascadeTransport
internal import Foundation
internal import Synchronization

/// What `up` tells of its cluster to the other commands of this machine: a small file per endpoint.
struct ClusterRecord: Codable, Equatable {
    /// The coordinator's name among the roles.
    static let coordinator = "coordinator"
    /// The gateway's.
    static let gateway = "gateway"

    /// The process of `cascade up`.
    var supervisor: ProcessIdentity
    /// Its children by role.
    var children: [String: ProcessIdentity] = [:]
    /// Where the coordinator is reached.
    var endpoint: String
    /// The key file that commands of this machine show; nil for a cluster without keys.
    var adminKey: String?
    /// The gateway's address, as a URL; nil where there is none.
    var http: String?
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

    /// Where the gateway keeps files and batches, also for the next cluster at this endpoint.
    static func dataFolder(endpoint: String) -> String { RunFolder.file(place(of: endpoint), "-data") }

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

/// The record of an endpoint in the hands of the `up` that runs there: the only one that writes it. The system lets go
/// of it when that process ends, whatever ends it, so that no number in it need be believed.
final class HeldRecord: Sendable {
    /// Bytes of the file, more than a record takes: a full disk has room for what is overwritten in its place.
    private static let size = 16_384
    /// Most characters of a cause.
    private static let causeLength = 300

    private let path: String
    private let descriptor: Int32
    /// nil once it is let go.
    private let record: Mutex<ClusterRecord?>

    /// Takes the record of an endpoint.
    ///
    /// Throws where another `up` has it, or where processes of one that is gone still run. What is old or damaged is
    /// said, and replaced.
    ///
    /// - Parameter file: nil for its place in the run folder, where other commands look for it.
    init(endpoint: String, adminKey: String?, file: String? = nil) throws(CommandFailure) {
        let own = try Self.ownIdentity()
        if file == nil { try RunFolder.make() }
        path = file ?? ClusterRecord.file(endpoint: endpoint)
        descriptor = try Self.locked(path, endpoint)
        record = Mutex(ClusterRecord(supervisor: own, endpoint: endpoint, adminKey: adminKey))
        do throws(CommandFailure) {
            try replace(endpoint)
        } catch {
            // Left for `down`.
            close(descriptor)
            throw error
        }
    }

    /// This process, as a record has it.
    static func ownIdentity() throws(CommandFailure) -> ProcessIdentity {
        if let own = ProcessIdentity(pid: getpid()) { return own }
        throw .failed("/proc does not show this process: mount it (unshare --mount-proc), 'cascade down' needs it")
    }

    /// Opens the file and locks it.
    private static func locked(_ path: String, _ endpoint: String) throws(CommandFailure) -> Int32 {
        while true {
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard descriptor >= 0 else { throw .failed("\(SystemError("write", path))") }
            // Where the file system has no locks, what is in the file must do.
            if csh_lock_file(descriptor) != 0, errno == EAGAIN || errno == EACCES {
                close(descriptor)
                throw running(endpoint)
            }
            // Its last owner may have removed it between the two calls.
            var (held, named) = (stat(), stat())
            if fstat(descriptor, &held) == 0, stat(path, &named) == 0, held.st_ino == named.st_ino { return descriptor }
            close(descriptor)
        }
    }

    /// Looks at what an earlier `up` left, and writes over it.
    private func replace(_ endpoint: String) throws(CommandFailure) {
        var status = stat()
        fstat(descriptor, &status)
        if let earlier = Self.read(descriptor) {
            if let process = earlier.process {
                throw .failed(
                    """
                    what is left of an earlier cluster still runs at \(endpoint) (process \(process.pid)); 'cascade \
                    down' ends it
                    """
                )
            }
        } else if status.st_size > 0 {
            Output.note("\(path) cannot be read (another version wrote it, or it is damaged); it is replaced")
        }
        let bytes = record.withLock { $0.map(Self.bytes) } ?? []
        // All of the room that it will ever need is taken now.
        let code = posix_fallocate(descriptor, 0, off_t(bytes.count))
        guard code == 0, pwrite(descriptor, bytes, bytes.count, 0) == bytes.count,
            ftruncate(descriptor, off_t(bytes.count)) == 0
        else {
            let error = SystemError("write", path, code: code == 0 ? errno : code)
            // What an earlier `up` left has no process any more, so that nobody misses it.
            unlink(path)
            throw .failed("\(error)")
        }
    }

    /// What to say where an `up` runs already.
    static func running(_ endpoint: String) -> CommandFailure {
        let process = ClusterRecord.running(endpoint: endpoint).map { " (process \($0.supervisor.pid))" } ?? ""
        return .failed("a cluster already runs at \(endpoint)\(process); 'cascade down' ends it")
    }

    /// Changes the record and writes it where that changes anything.
    func update(_ change: (inout ClusterRecord) -> Void) {
        record.withLock { record in
            guard var new = record else { return }
            change(&new)
            guard new != record else { return }
            record = new
            let bytes = Self.bytes(new)
            _ = pwrite(descriptor, bytes, bytes.count, 0)
        }
    }

    /// The gateway's address, as a URL; nil before it is known.
    var http: String? { record.withLock { $0?.http } }

    /// Empties the log that `up -d` has given this process, which is that of the cluster before. Only who has the
    /// record may do it: others write to the same file while they find out that they come too late.
    func beginLog() {
        if Lifeline.isThere { ftruncate(STDERR_FILENO, 0) }
    }

    /// Removes the record and lets go of it.
    func remove() {
        record.withLock { record in
            guard record != nil else { return }
            record = nil
            unlink(path)
            close(descriptor)
        }
    }

    /// What is written, and blanks as far as a record goes.
    private static func bytes(_ record: ClusterRecord) -> [UInt8] {
        var record = record
        record.troubles = record.troubles.mapValues { String($0.prefix(causeLength)) }
        var bytes = (try? JSONEncoder().encode(record)).map(Array.init) ?? []
        bytes += [UInt8](repeating: UInt8(ascii: " "), count: max(0, size - bytes.count))
        return bytes
    }

    /// Reads a record; nil for bytes that are none.
    static func read(_ descriptor: Int32) -> ClusterRecord? {
        var bytes = [UInt8](repeating: 0, count: size)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        return try? JSONDecoder().decode(ClusterRecord.self, from: Data(bytes[..<count]))
    }
}
