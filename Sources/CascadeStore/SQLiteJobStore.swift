internal import CascadeHost
internal import Foundation
internal import GRDB
internal import Synchronization

/// A store in one SQLite file.
///
/// A change is on disk when ``apply(_:)`` returns: the write-ahead log is synced at each commit, which SQLite calls
/// `synchronous = FULL`. What SQLite does not see, a bit that has changed inside a row, the row's checksum shows.
package final class SQLiteJobStore: JobStore {
    private let path: String
    private let database: DatabaseQueue
    /// Of the last row that was written: rows count up in the order of writing, over all jobs.
    private let lastNumber: Mutex<Int64>
    /// How much the log has: changes, long ones counted by the page. A log that has its size is overwritten in place
    /// after a checkpoint, which makes a sync cheaper than one that grows.
    private let logged = Mutex(0)
    private static let loggedMax = 100
    private static let pageBytes = 4096

    /// Opens the file, or makes it, with a folder that only its owner may enter. Throws where another coordinator has
    /// it open, where it is no store of this version, or where its structure is damaged.
    package init(path: String) throws(StoreError) {
        self.path = path
        do {
            // Prompts and answers are nobody else's business. SQLite gives its other files the same mode.
            try FileAccess.makeFolder(URL(filePath: path).deletingLastPathComponent().path, mode: 0o700)
            // One that is there is left alone: closing it would give back locks that this process has on it.
            if access(path, F_OK) != 0 {
                let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
                guard descriptor >= 0 else { throw SystemError("make", path) }
                Foundation.close(descriptor)
            }
            database = try DatabaseQueue(path: path, configuration: Self.configuration)
            try database.inDatabase(Self.prepare)
            // A process that died may have written what it never synced. It is found all the same, and told to clients:
            // so it is brought on disk before.
            _ = try database.inDatabase { try $0.checkpoint(.truncate) }
            let last = try database.inDatabase { database in
                try Int64.fetchOne(database, sql: "SELECT max(number) FROM journal")
            }
            lastNumber = Mutex(last ?? 0)
        } catch let error as StoreError {
            throw StoreError("the store \(path): \(error)", mayPass: error.mayPass)
        } catch {
            throw Self.explain(error, path)
        }
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.label = "cascade.store"
        configuration.journalMode = .wal
        configuration.busyMode = .immediateError
        configuration.prepareDatabase { database in
            // Taken with the first access, and kept.
            try database.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
            // By hand, see ``checkpoint()``: within a commit it would keep those waiting who wait for the commit.
            try database.execute(sql: "PRAGMA wal_autocheckpoint = 0")
        }
        return configuration
    }

    /// "cscd"
    private static let applicationID = 0x6373_6364
    private static let version = 1

    private static func prepare(_ database: Database) throws {
        // GRDB sets NORMAL with the write-ahead log, which syncs at checkpoints alone.
        try database.execute(sql: "PRAGMA synchronous = FULL")
        let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        let isEmpty = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_schema") == 0
        guard try isEmpty || Int.fetchOne(database, sql: "PRAGMA application_id") == applicationID else {
            throw StoreError("it is another program's database: name another file")
        }
        guard isEmpty || found == version else {
            throw StoreError("it was written by another version of cascade: use that version, or name another file")
        }
        if let problem = try String.fetchOne(database, sql: "PRAGMA quick_check(1)"), problem != "ok" {
            throw StoreError("it is damaged (\(problem)): move it away, or restore a copy of it")
        }
        if isEmpty {
            try database.inTransaction {
                try database.execute(
                    sql: """
                        CREATE TABLE journal (
                            job INTEGER NOT NULL,
                            number INTEGER NOT NULL,
                            bytes BLOB NOT NULL,
                            checksum INTEGER NOT NULL,
                            PRIMARY KEY (job, number)
                        ) STRICT, WITHOUT ROWID;
                        PRAGMA application_id = \(applicationID);
                        PRAGMA user_version = \(version);
                        """
                )
                return .commit
            }
        }
        guard try Int.fetchOne(database, sql: "PRAGMA synchronous") == 2,
            try String.fetchOne(database, sql: "PRAGMA journal_mode") == "wal"
        else { throw StoreError("its database does not sync what it commits") }
    }

    /// SQLite's words with the file's name, and the way out where there is one.
    private static func explain(_ error: any Error, _ path: String) -> StoreError {
        // A folder that cannot be made, or a file: room, rights and mounts come and go.
        if let error = error as? SystemError { return StoreError("the store \(path): \(error)", mayPass: true) }
        guard let error = error as? DatabaseError else { return StoreError("the store \(path): \(error)") }
        let words = error.message ?? "\(error.resultCode)"
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            let way = "stop that one, or name another file"
            return StoreError("the store \(path) is in use by another coordinator: \(way)", mayPass: true)
        case .SQLITE_NOTADB, .SQLITE_CORRUPT:
            return StoreError("the store \(path) is damaged (\(words)): move it away, or restore a copy of it")
        case .SQLITE_FULL:
            return StoreError("the store \(path) cannot be written: the disk is full", mayPass: true)
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_CANTOPEN:
            let way = "check its folder, owner and mode"
            return StoreError("the store \(path) cannot be opened for writing (\(words)): \(way)", mayPass: true)
        default:
            let code = error.extendedResultCode
            return StoreError(
                "the store \(path) failed: \(words) (\(code))",
                mayPass: error.resultCode == .SQLITE_IOERR
            )
        }
    }

    package func load() throws(StoreError) -> StoredRows {
        do {
            return try database.inDatabase { database in
                var stored = StoredRows()
                let rows = try Row.fetchCursor(
                    database,
                    sql: "SELECT number, job, bytes, checksum FROM journal ORDER BY number"
                )
                while let row = try rows.next() {
                    let (number, job) = (row[0] as Int64, UInt64(bitPattern: row[1]))
                    let bytes = [UInt8](row[2] as Data)
                    if row[3] == Self.checksum(job, number, bytes) {
                        stored.rows.append(StoredRows.Row(job: job, bytes: bytes))
                    } else {
                        stored.damaged[job] = "the checksum of row \(number) is wrong"
                    }
                }
                return stored
            }
        } catch {
            throw Self.explain(error, path)
        }
    }

    package func apply(_ changes: [StoreChange]) throws(StoreError) {
        do {
            try database.inDatabase { database in
                try database.inTransaction {
                    for change in changes { try apply(change, database) }
                    return .commit
                }
            }
        } catch {
            throw Self.explain(error, path)
        }
        logged.withLock { logged in
            for change in changes { logged += 1 + change.byteCount / Self.pageBytes }
        }
    }

    package var needsCheckpoint: Bool { logged.withLock { $0 >= Self.loggedMax } }

    /// Brings what the log has into the file, and lets the log begin anew.
    package func checkpoint() throws(StoreError) {
        do {
            _ = try database.inDatabase { try $0.checkpoint(.passive) }
            logged.withLock { $0 = 0 }
        } catch {
            throw Self.explain(error, path)
        }
    }

    private func apply(_ change: StoreChange, _ database: Database) throws {
        switch change {
        case .append(let job, let bytes): try insert(job, bytes, database)
        case .conclude(let job, let bytes):
            let later = "number > (SELECT min(number) FROM journal WHERE job = ?1)"
            try execute("DELETE FROM journal WHERE job = ?1 AND \(later)", [Self.signed(job)], database)
            try insert(job, bytes, database)
        case .forget(let job): try execute("DELETE FROM journal WHERE job = ?", [Self.signed(job)], database)
        }
    }

    private func insert(_ job: UInt64, _ bytes: [UInt8], _ database: Database) throws {
        let number = lastNumber.withLock { last in
            last += 1
            return last
        }
        try execute(
            "INSERT INTO journal (job, number, bytes, checksum) VALUES (?, ?, ?, ?)",
            [Self.signed(job), number, Data(bytes), Self.checksum(job, number, bytes)],
            database
        )
    }

    private func execute(_ sql: String, _ values: StatementArguments, _ database: Database) throws {
        try database.cachedStatement(sql: sql).execute(arguments: values)
    }

    /// SQLite's numbers have a sign.
    private static func signed(_ job: UInt64) -> Int64 { Int64(bitPattern: job) }

    private static func checksum(_ job: UInt64, _ number: Int64, _ bytes: [UInt8]) -> Int64 {
        var checksum = CRC32C()
        for word in [job, UInt64(bitPattern: number)] {
            checksum.add((0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) })
        }
        checksum.add(bytes)
        return Int64(checksum.value)
    }

    package func close() throws(StoreError) {
        do { try database.close() } catch { throw Self.explain(error, path) }
    }
}
