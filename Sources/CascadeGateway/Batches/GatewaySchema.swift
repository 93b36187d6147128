internal import GRDB

/// The tables of ``GatewayStorage``.
enum GatewaySchema {
    /// "cscb"
    private static let applicationID = 0x6373_6362

    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { database in
            try database.execute(
                sql: """
                    CREATE TABLE files (
                        number INTEGER PRIMARY KEY AUTOINCREMENT,
                        id TEXT NOT NULL UNIQUE,
                        owner TEXT NOT NULL,
                        purpose TEXT NOT NULL,
                        filename TEXT NOT NULL,
                        bytes INTEGER NOT NULL,
                        created_at INTEGER NOT NULL
                    ) STRICT;
                    CREATE INDEX files_of_owner ON files (owner, number);
                    CREATE TABLE batches (
                        number INTEGER PRIMARY KEY AUTOINCREMENT,
                        id TEXT NOT NULL UNIQUE,
                        owner TEXT NOT NULL,
                        key_digest BLOB NOT NULL,
                        endpoint TEXT NOT NULL,
                        input_file TEXT NOT NULL,
                        metadata TEXT NOT NULL,
                        status TEXT NOT NULL,
                        times TEXT NOT NULL,
                        expires_at INTEGER NOT NULL,
                        problems TEXT NOT NULL,
                        output_file TEXT,
                        error_file TEXT,
                        total INTEGER NOT NULL,
                        completed INTEGER NOT NULL,
                        failed INTEGER NOT NULL
                    ) STRICT;
                    CREATE INDEX batches_of_owner ON batches (owner, number);
                    CREATE INDEX batches_by_status ON batches (status);
                    CREATE TABLE lines (
                        batch TEXT NOT NULL,
                        line INTEGER NOT NULL,
                        custom_id TEXT NOT NULL,
                        offset INTEGER NOT NULL,
                        count INTEGER NOT NULL,
                        is_error INTEGER,
                        result BLOB,
                        PRIMARY KEY (batch, line)
                    ) STRICT, WITHOUT ROWID;
                    PRAGMA application_id = \(applicationID);
                    """
            )
        }
        return migrator
    }

    /// Checks the database, and brings its tables up to this version.
    static func prepare(_ database: Database) throws {
        // GRDB sets NORMAL with the write-ahead log, which syncs at checkpoints alone.
        try database.execute(sql: "PRAGMA synchronous = FULL")
        // What the first start made before it was killed.
        let other = "name NOT LIKE '%grdb_migrations%'"
        let isEmpty = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_schema WHERE \(other)") == 0
        guard try isEmpty || Int.fetchOne(database, sql: "PRAGMA application_id") == applicationID else {
            throw GatewayStorageError(description: "it is another program's database: name another folder")
        }
        if let problem = try String.fetchOne(database, sql: "PRAGMA quick_check(1)"), problem != "ok" {
            throw GatewayStorageError(
                description: "it is damaged (\(problem)): move the folder away, or restore a copy of it"
            )
        }
    }

    /// Makes what tables are missing.
    static func migrate(_ database: DatabaseQueue) throws {
        guard try !database.read(migrator.hasBeenSuperseded) else {
            throw GatewayStorageError(
                description: "it was written by a newer version of cascade: use that one, or name another folder"
            )
        }
        try migrator.migrate(database)
        guard try database.read({ try Int.fetchOne($0, sql: "PRAGMA synchronous") }) == 2 else {
            throw GatewayStorageError(description: "its database does not sync what it commits")
        }
    }
}
