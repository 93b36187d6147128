internal import CascadeHost
internal import Foundation
internal import GRDB

/// Why a folder of files and batches cannot be used: the cause and the way out, for people.
package struct GatewayStorageError: Error, Equatable, CustomStringConvertible {
    package let description: String
}

/// Files, batches and the results of their lines, in a folder that only its owner may enter: a SQLite database, and a
/// file for each file.
///
/// What was acknowledged is on disk: the database syncs what it commits, and a file is synced before its row is
/// written. One process at a time has the folder: a lock that ends with it keeps others out.
package final class GatewayStorage: Sendable {
    let database: DatabaseQueue
    private let folder: String
    private let lock: Int32

    /// Opens the folder, or makes it, and removes what a process that died has left half done.
    package init(folder: String) throws(GatewayStorageError) {
        self.folder = folder
        do {
            for path in [folder, "\(folder)/files", "\(folder)/uploads"] {
                try FileAccess.makeFolder(path, mode: 0o700)
            }
            lock = open("\(folder)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            guard lock >= 0 else { throw SystemError("open", "\(folder)/lock") }
        } catch {
            throw GatewayStorageError(description: "\(error)")
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw GatewayStorageError(
                description: "\(folder) is in use by another gateway: stop that one, or name another folder"
            )
        }
        do {
            database = try DatabaseQueue(path: "\(folder)/batches.sqlite", configuration: Self.configuration)
            try database.inDatabase(GatewaySchema.prepare)
            try GatewaySchema.migrate(database)
            try Self.tidy(folder, known: database.read { try Set(String.fetchAll($0, sql: "SELECT id FROM files")) })
        } catch let error as GatewayStorageError {
            close(lock)
            throw GatewayStorageError(description: "\(folder)/batches.sqlite: \(error)")
        } catch {
            close(lock)
            throw GatewayStorageError(description: "\(folder)/batches.sqlite cannot be used: \(Self.words(error))")
        }
    }

    deinit {
        try? database.close()
        close(lock)
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.label = "cascade.batches"
        configuration.journalMode = .wal
        return configuration
    }

    private static func words(_ error: any Error) -> String {
        guard let error = error as? DatabaseError else { return "\(error)" }
        return "\(error.message ?? "\(error.resultCode)"); check the folder, or move it away"
    }

    /// Removes files that nobody was told of.
    private static func tidy(_ folder: String, known: Set<String>) throws {
        let manager = FileManager.default
        for name in try manager.contentsOfDirectory(atPath: "\(folder)/uploads") { unlink("\(folder)/uploads/\(name)") }
        for name in try manager.contentsOfDirectory(atPath: "\(folder)/files") where !known.contains(name) {
            unlink("\(folder)/files/\(name)")
        }
    }

    // MARK: Files on disk

    /// Where the content of a file lies. Names are our own, never a client's.
    func path(of file: String) -> String { "\(folder)/files/\(file)" }

    /// Begins a file; nobody sees it before ``keep(_:)``.
    func newDraft() throws(SystemError) -> FileDraft {
        let id = StoredFile.newID()
        return try FileDraft(id: id, path: "\(folder)/uploads/\(id)")
    }

    /// Brings a draft on disk under its name. It is still no file: its row is missing.
    func keep(_ draft: FileDraft) throws(SystemError) {
        try draft.sync()
        let (path, parent) = (path(of: draft.id), "\(folder)/files")
        guard rename(draft.path, path) == 0 else { throw SystemError("write", path) }
        draft.isKept = true
        let descriptor = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("write", parent) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw SystemError("write", parent) }
    }

    /// Removes the content of a file that has no row any more.
    func removeContent(_ file: String) { unlink(path(of: file)) }
}

/// A file that is being written; it is gone unless it was kept.
///
/// Unchecked: whoever writes it hands it from a task to a thread of the pool and waits there, so that its variables are
/// touched by one at a time.
final class FileDraft: @unchecked Sendable {
    /// The name that it will have.
    let id: String
    fileprivate let path: String
    private let descriptor: Int32
    /// Bytes so far.
    private(set) var count = 0
    fileprivate(set) var isKept = false

    fileprivate init(id: String, path: String) throws(SystemError) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SystemError("write", path) }
        (self.id, self.path) = (id, path)
    }

    deinit {
        close(descriptor)
        if !isKept { unlink(path) }
    }

    /// Adds bytes; waits for the file system.
    func write(_ bytes: [UInt8]) throws(SystemError) {
        try FileAccess.write(bytes, to: descriptor, name: path)
        count += bytes.count
    }

    fileprivate func sync() throws(SystemError) {
        guard fsync(descriptor) == 0 else { throw SystemError("write", path) }
    }
}
