internal import CascadeJSON

/// A file as a client sees it.
struct StoredFile: Equatable, Sendable {
    /// Its name here.
    var id: String
    /// Whose it is; empty where the gateway has no keys.
    var owner: String
    /// `batch`, or `batch_output` for what a batch has written.
    var purpose: String
    /// What its owner calls it.
    var filename: String
    /// How long it is.
    var bytes: Int
    /// When it came, in seconds since the beginning of 1970.
    var createdAt: Int

    static let batchPurpose = "batch"
    static let outputPurpose = "batch_output"

    /// A name for a new one.
    static func newID() -> String { "file-" + RandomName.make() }

    /// OpenAI's object.
    var json: JSONValue {
        [
            "id": .string(id), "object": "file", "bytes": .integer(bytes), "created_at": .integer(createdAt),
            "filename": .string(filename), "purpose": .string(purpose), "status": "processed", "status_details": .null,
        ]
    }
}

/// A part of a list, in OpenAI's shape.
struct ListPage {
    /// Objects, with their names.
    var objects: [(id: String, json: JSONValue)]
    /// Whether others follow.
    var hasMore: Bool

    var json: JSONValue {
        [
            "object": "list", "data": .array(objects.map(\.json)), "first_id": .optional(objects.first?.id),
            "last_id": .optional(objects.last?.id), "has_more": .bool(hasMore),
        ]
    }
}
