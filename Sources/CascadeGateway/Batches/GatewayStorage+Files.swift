internal import Foundation
internal import GRDB

// Rows of files. Others' files are not there.
extension GatewayStorage {
    private static func read(_ row: Row) -> StoredFile {
        StoredFile(
            id: row["id"],
            owner: row["owner"],
            purpose: row["purpose"],
            filename: row["filename"],
            bytes: row["bytes"],
            createdAt: row["created_at"]
        )
    }

    static func insert(_ file: StoredFile, _ database: Database) throws {
        try database.execute(
            sql: "INSERT INTO files (id, owner, purpose, filename, bytes, created_at) VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [file.id, file.owner, file.purpose, file.filename, file.bytes, file.createdAt]
        )
    }

    /// Adds a file whose content is on disk, unless its owner has too much.
    func add(_ file: StoredFile, limits: BatchLimits) async throws {
        let (mostFiles, mostBytes) = (limits.mostOwnerFiles, limits.mostOwnerBytes)
        try await database.write { database in
            let rows = "FROM files WHERE owner = ?"
            let count = try Int.fetchOne(database, sql: "SELECT count(*) \(rows)", arguments: [file.owner]) ?? 0
            let bytes = try Int.fetchOne(database, sql: "SELECT sum(bytes) \(rows)", arguments: [file.owner]) ?? 0
            guard count < mostFiles else {
                throw GatewayError.storageFull("There are \(count) files already: delete some.")
            }
            guard bytes + file.bytes <= mostBytes else {
                throw GatewayError.storageFull(
                    "This file and those that are there would be more than \(mostBytes) bytes: delete some."
                )
            }
            try Self.insert(file, database)
        }
    }

    /// The file of this name; throws where the owner has none.
    func file(_ id: String, owner: String) async throws -> StoredFile {
        let row = try await database.read { database in
            try Row.fetchOne(database, sql: "SELECT * FROM files WHERE id = ? AND owner = ?", arguments: [id, owner])
                .map(Self.read)
        }
        guard let row else { throw GatewayError.nothing("File", id) }
        return row
    }

    /// Where an owner's file or batch stands in the order in which they came; throws where there is none.
    static func number(
        of id: String,
        _ kind: String,
        in table: String,
        _ owner: String,
        _ database: Database
    ) throws -> Int64 {
        let sql = "SELECT number FROM \(table) WHERE id = ? AND owner = ?"
        guard let number = try Int64.fetchOne(database, sql: sql, arguments: [id, owner]) else {
            throw GatewayError.nothing(kind, id)
        }
        return number
    }

    /// A part of the owner's files, behind `after`.
    func files(owner: String, purpose: String?, after: String?, limit: Int, ascending: Bool) async throws -> ListPage {
        try await database.read { database in
            let end: Int64 = ascending ? 0 : .max
            let place = try after.map { try Self.number(of: $0, "File", in: "files", owner, database) } ?? end
            let files = try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM files WHERE owner = ? AND number \(ascending ? ">" : "<") ?
                    AND (? IS NULL OR purpose = ?) ORDER BY number \(ascending ? "ASC" : "DESC") LIMIT ?
                    """,
                arguments: [owner, place, purpose, purpose, limit + 1]
            ).map(Self.read)
            return ListPage(objects: files.prefix(limit).map { ($0.id, $0.json) }, hasMore: files.count > limit)
        }
    }

    /// Removes a file, unless a batch needs it.
    func delete(_ id: String, owner: String) async throws {
        try await database.write { database in
            let user = try String.fetchOne(
                database,
                sql: "SELECT id FROM batches WHERE input_file = ? AND owner = ? AND status IN (\(Self.openStates))",
                arguments: [id, owner]
            )
            if let user {
                throw GatewayError(
                    status: 409,
                    code: "file_in_use",
                    message: "The file has the lines of \(user), which has not ended: wait, or cancel it first."
                )
            }
            try database.execute(sql: "DELETE FROM files WHERE id = ? AND owner = ?", arguments: [id, owner])
            guard database.changesCount == 1 else { throw GatewayError.nothing("File", id) }
        }
        removeContent(id)
    }

    /// States of batches that have not ended, for SQL.
    static let openStates = Batch.Status.allCases.filter { !$0.isEnd }.map { "'\($0.rawValue)'" }
        .joined(separator: ", ")
}

extension GatewayError {
    static func storageFull(_ message: String) -> GatewayError {
        GatewayError(status: 413, code: "storage_full", message: message)
    }

    /// What is another owner's is not there, too.
    static func nothing(_ kind: String, _ id: String) -> GatewayError {
        GatewayError(status: 404, code: "not_found", param: "id", message: "No such \(kind) object: \(id.prefix(100))")
    }
}
