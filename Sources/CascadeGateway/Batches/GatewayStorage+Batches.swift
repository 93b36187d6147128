internal import Foundation
internal import GRDB

// Rows of batches and their lines. Others' batches are not there.
extension GatewayStorage {
    private static func readBatch(_ row: Row) throws -> Batch {
        guard let endpoint = BatchEndpoint(rawValue: row["endpoint"]),
            let status = Batch.Status(rawValue: row["status"])
        else { throw GatewayStorageError(description: "a batch has an endpoint or a state that is unknown here") }
        var batch = Batch(
            id: row["id"],
            owner: row["owner"],
            endpoint: endpoint,
            inputFile: row["input_file"],
            createdAt: 0,
            window: 0
        )
        batch.keyDigest = [UInt8](row["key_digest"] as Data)
        batch.status = status
        batch.expiresAt = row["expires_at"]
        (batch.outputFile, batch.errorFile) = (row["output_file"], row["error_file"])
        (batch.total, batch.completed, batch.failed) = (row["total"], row["completed"], row["failed"])
        try batch.read(metadata: row["metadata"], times: row["times"], problems: row["problems"])
        return batch
    }

    private static func update(_ batch: Batch, _ database: Database) throws {
        let texts = batch.texts
        try database.execute(
            sql: """
                UPDATE batches SET status = ?, times = ?, problems = ?, output_file = ?, error_file = ?, total = ?,
                completed = ?, failed = ? WHERE id = ?
                """,
            arguments: [
                batch.status.rawValue, texts.times, texts.problems, batch.outputFile, batch.errorFile, batch.total,
                batch.completed, batch.failed, batch.id,
            ]
        )
    }

    /// Adds a batch, unless its owner has too many that have not ended, or no such file.
    func add(_ batch: Batch, mostOpen: Int) async throws {
        try await database.write { database in
            let (owner, texts) = (batch.owner, batch.texts)
            let file = "SELECT purpose FROM files WHERE id = ? AND owner = ?"
            let purpose = try String.fetchOne(database, sql: file, arguments: [batch.inputFile, owner])
            guard let purpose else {
                var error = GatewayError.nothing("File", batch.inputFile)
                (error.status, error.param) = (400, "input_file_id")
                throw error
            }
            guard purpose == StoredFile.batchPurpose else {
                throw GatewayError.parameter(
                    "input_file_id",
                    "the file's purpose is '\(purpose)' and has to be 'batch'"
                )
            }
            let count = "SELECT count(*) FROM batches WHERE owner = ? AND status IN (\(Self.openStates))"
            guard try Int.fetchOne(database, sql: count, arguments: [owner]) ?? 0 < mostOpen else {
                throw GatewayError.limit("There are \(mostOpen) batches that have not ended.", retryAfter: 60)
            }
            try database.execute(
                sql: """
                    INSERT INTO batches (id, owner, key_digest, endpoint, input_file, metadata, status, times,
                    expires_at, problems, total, completed, failed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0)
                    """,
                arguments: [
                    batch.id, owner, Data(batch.keyDigest), batch.endpoint.rawValue, batch.inputFile, texts.metadata,
                    batch.status.rawValue, texts.times, batch.expiresAt, texts.problems,
                ]
            )
        }
    }

    /// The batch of this name; throws where the owner has none.
    func batch(_ id: String, owner: String) async throws -> Batch {
        let batch = try await database.read { database in
            try Row.fetchOne(database, sql: "SELECT * FROM batches WHERE id = ? AND owner = ?", arguments: [id, owner])
                .map(Self.readBatch)
        }
        guard let batch else { throw GatewayError.nothing("Batch", id) }
        return batch
    }

    /// A part of the owner's batches, the newest first.
    func batches(owner: String, after: String?, limit: Int) async throws -> ListPage {
        try await database.read { database in
            let place = try after.map { try Self.number(of: $0, "Batch", in: "batches", owner, database) } ?? .max
            let batches = try Row.fetchAll(
                database,
                sql: "SELECT * FROM batches WHERE owner = ? AND number < ? ORDER BY number DESC LIMIT ?",
                arguments: [owner, place, limit + 1]
            ).map(Self.readBatch)
            return ListPage(objects: batches.prefix(limit).map { ($0.id, $0.json) }, hasMore: batches.count > limit)
        }
    }

    /// All batches that have not ended, the oldest first.
    func openBatches() async throws -> [Batch] {
        try await database.read { database in
            let sql = "SELECT * FROM batches WHERE status IN (\(Self.openStates)) ORDER BY number"
            return try Row.fetchAll(database, sql: sql).map(Self.readBatch)
        }
    }

    /// How many batches there are of each state.
    func batchCounts() async throws -> [Batch.Status: Int] {
        try await database.read { database in
            let rows = try Row.fetchAll(database, sql: "SELECT status, count(*) FROM batches GROUP BY status")
            var counts: [Batch.Status: Int] = [:]
            for row in rows {
                if let status = Batch.Status(rawValue: row[0]) { counts[status] = row[1] as Int }
            }
            return counts
        }
    }

    /// Lets something happen to a batch, with what goes along with it. Returns the batch as it is then, and whether it
    /// happened.
    func apply(
        _ event: Batch.Event,
        to id: String,
        at now: Int,
        lines: [LinePlace] = [],
        files: [StoredFile] = []
    ) async throws -> (batch: Batch, happened: Bool) {
        try await database.write { database in
            let row = try Row.fetchOne(database, sql: "SELECT * FROM batches WHERE id = ?", arguments: [id])
            guard var batch = try row.map(Self.readBatch) else { throw GatewayError.nothing("Batch", id) }
            guard batch.take(event, at: now) else { return (batch, false) }
            try Self.update(batch, database)
            let sql = "INSERT INTO lines (batch, line, custom_id, offset, count) VALUES (?, ?, ?, ?, ?)"
            for line in lines {
                try database.cachedStatement(sql: sql)
                    .execute(arguments: [id, line.number, line.customID, line.offset, line.count])
            }
            for file in files { try Self.insert(file, database) }
            if batch.status.isEnd { try database.execute(sql: "DELETE FROM lines WHERE batch = ?", arguments: [id]) }
            return (batch, true)
        }
    }
}
