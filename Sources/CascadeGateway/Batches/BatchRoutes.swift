internal import CascadeJSON
internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import Synchronization

/// `/v1/files` and `/v1/batches`, as OpenAI has them.
final class BatchRoutes: Sendable {
    private let storage: GatewayStorage
    private let runner: BatchRunner
    private let limits: BatchLimits
    /// Uploads at work, by owner.
    private let uploads = Mutex<[String: Int]>([:])

    init(runner: BatchRunner, limits: BatchLimits) {
        (storage, self.runner, self.limits) = (runner.storage, runner, limits)
    }

    /// Why there are none.
    static let absent = GatewayError(
        status: 501,
        code: "not_supported",
        message: "This gateway keeps no files and batches. Start it with --data FOLDER."
    )

    // MARK: Files

    /// Takes a file.
    func upload(_ request: Request, owner: String) async throws -> JSONValue {
        let isIn = uploads.withLock { uploads in
            guard uploads.values.reduce(0, +) < limits.mostUploads,
                uploads[owner, default: 0] < limits.mostOwnerUploads
            else { return false }
            uploads[owner, default: 0] += 1
            return true
        }
        guard isIn else { throw GatewayError.limit("Other uploads are at work.", retryAfter: 5) }
        defer {
            uploads.withLock { uploads in
                uploads[owner, default: 1] -= 1
                if uploads[owner] == 0 { uploads[owner] = nil }
            }
        }
        // What stands around the file.
        let most = limits.mostFileBytes + (1 << 20)
        if let length = request.headers[.contentLength].flatMap(Int.init), length > most {
            throw GatewayError.fileTooLarge(limits.mostFileBytes)
        }
        var upload = try FileUpload(type: request.headers[.contentType], storage: storage, limits: limits)
        let file = try await upload.read(request.body, owner: owner)
        do {
            try await storage.add(file, limits: limits)
        } catch {
            storage.removeContent(file.id)
            throw error
        }
        return file.json
    }

    /// A part of the owner's files.
    func files(_ request: Request, owner: String) async throws -> JSONValue {
        let query = Query(request)
        let order = try query.text("order", of: ["asc", "desc"]) ?? "desc"
        return try await storage.files(
            owner: owner,
            purpose: query.text("purpose"),
            after: query.text("after"),
            limit: query.limit(10_000, most: 10_000),
            ascending: order == "asc"
        ).json
    }

    func file(_ id: String, owner: String) async throws -> JSONValue { try await storage.file(id, owner: owner).json }

    func deleteFile(_ id: String, owner: String) async throws -> JSONValue {
        try await storage.delete(id, owner: owner)
        return ["id": .string(id), "object": "file", "deleted": true]
    }

    /// The content, piece by piece.
    func content(_ id: String, owner: String, _ context: GatewayContext) async throws -> Response {
        let file = try await storage.file(id, owner: owner)
        let body = try await FileIO().loadFile(path: storage.path(of: file.id), context: context)
        return Response(
            status: .ok,
            headers: [.contentType: "application/octet-stream", .xContentTypeOptions: "nosniff"],
            body: body
        )
    }

    // MARK: Batches

    /// Begins a batch.
    func create(_ body: JSONValue, owner: String, keyDigest: [UInt8]) async throws -> JSONValue {
        let fields = try Field(request: body)
        guard let endpoint: BatchEndpoint = try fields["endpoint"].required().choice() else {
            throw GatewayError.missing("endpoint")
        }
        let window = try fields["completion_window"].requiredString()
        guard window == "24h" else { throw GatewayError.parameter("completion_window", "has to be '24h'") }
        if fields["output_expires_after"].isPresent {
            throw GatewayError.unsupported("output_expires_after", "files stay until they are deleted")
        }
        var batch = Batch(
            id: "batch_" + RandomName.make(),
            owner: owner,
            endpoint: endpoint,
            inputFile: try fields["input_file_id"].requiredString(),
            createdAt: limits.now(),
            window: limits.window
        )
        batch.keyDigest = keyDigest
        batch.metadata = try Self.metadata(fields["metadata"])
        try await storage.add(batch, mostOpen: limits.mostOpenBatches)
        runner.added()
        return batch.json
    }

    private static func metadata(_ field: Field) throws(GatewayError) -> [(key: String, value: String)] {
        var notes: [(key: String, value: String)] = []
        for (key, value) in try field.object(most: 16) ?? [] {
            let text = try value.requiredString()
            guard key.count <= 64, text.count <= 512 else {
                throw .parameter(value.path, "keys have at most 64 characters, values 512")
            }
            notes.append((key, text))
        }
        return notes
    }

    func batches(_ request: Request, owner: String) async throws -> JSONValue {
        let query = Query(request)
        return try await storage.batches(owner: owner, after: query.text("after"), limit: query.limit(20, most: 100))
            .json
    }

    func batch(_ id: String, owner: String) async throws -> JSONValue {
        try await storage.batch(id, owner: owner).json
    }

    /// Ends a batch; what was answered stays.
    func cancel(_ id: String, owner: String) async throws -> JSONValue {
        _ = try await storage.batch(id, owner: owner)
        let (batch, happened) = try await storage.apply(.cancel, to: id, at: limits.now())
        if happened { runner.cancelled(id) }
        guard happened || batch.status == .cancelling || batch.status == .cancelled else {
            throw GatewayError(
                status: 409,
                code: "batch_not_cancellable",
                message: "A batch whose status is '\(batch.status.rawValue)' cannot be cancelled."
            )
        }
        return batch.json
    }

    /// How many batches there are of each state.
    func counts() async -> [Batch.Status: Int]? { try? await storage.batchCounts() }
}

/// What stands behind a path's question mark.
private struct Query {
    let request: Request

    init(_ request: Request) { self.request = request }

    func text(_ name: String) -> String? { request.uri.queryParameters[name[...]].map { String($0) } }

    func text(_ name: String, of known: [String]) throws(GatewayError) -> String? {
        guard let text = text(name) else { return nil }
        guard known.contains(text) else {
            throw .parameter(name, "has to be one of \(known.joined(separator: ", "))")
        }
        return text
    }

    func limit(_ standard: Int, most: Int) throws(GatewayError) -> Int {
        guard let text = text("limit") else { return standard }
        guard let limit = Int(text), (1...most).contains(limit) else {
            throw .parameter("limit", "has to be a whole number from 1 to \(most)")
        }
        return limit
    }
}
