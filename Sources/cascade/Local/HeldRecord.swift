internal import CCascadeHost
internal import CascadeHost
internal import CascadeNode
internal import Foundation
internal import Synchronization

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
