internal import Foundation
internal import GRDB

/// A line with what came of it.
struct LineResult: Sendable {
    /// From 1.
    var number: Int
    /// What the client calls it.
    var customID: String
    /// The line of the output file, or of the error file, without its end; nil where there is none yet.
    var bytes: [UInt8]?
    /// Which of the two files it is for.
    var isError: Bool
}

extension GatewayStorage {
    /// Lines without a result behind line `after`, in order.
    func openLines(of batch: String, after: Int, limit: Int) async throws -> [LinePlace] {
        try await database.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT line, custom_id, offset, count FROM lines WHERE batch = ? AND line > ? AND result IS NULL
                    ORDER BY line LIMIT ?
                    """,
                arguments: [batch, after, limit]
            ).map { LinePlace(number: $0[0], customID: $0[1], offset: $0[2], count: $0[3]) }
        }
    }

    /// Writes down what came of a line; the first result stays. Returns whether this was it.
    func record(_ result: LineResult, of batch: String) async throws -> Bool {
        guard let bytes = result.bytes else { return false }
        return try await database.write { database in
            try database.execute(
                sql: "UPDATE lines SET result = ?, is_error = ? WHERE batch = ? AND line = ? AND result IS NULL",
                arguments: [Data(bytes), result.isError ? 1 : 0, batch, result.number]
            )
            guard database.changesCount == 1 else { return false }
            let column = result.isError ? "failed" : "completed"
            try database.execute(sql: "UPDATE batches SET \(column) = \(column) + 1 WHERE id = ?", arguments: [batch])
            return true
        }
    }

    /// Lines behind line `after`, in order, with their results.
    func results(of batch: String, after: Int, limit: Int) async throws -> [LineResult] {
        try await database.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT line, custom_id, result, is_error FROM lines WHERE batch = ? AND line > ?
                    ORDER BY line LIMIT ?
                    """,
                arguments: [batch, after, limit]
            ).map { row in
                LineResult(
                    number: row[0],
                    customID: row[1],
                    bytes: (row[2] as Data?).map { [UInt8]($0) },
                    isError: (row[3] as Int?) == 1
                )
            }
        }
    }
}
