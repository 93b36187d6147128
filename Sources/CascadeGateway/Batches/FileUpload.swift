internal import Hummingbird
internal import NIOCore
internal import NIOPosix

/// Takes the body of `POST /v1/files` to disk as it comes.
struct FileUpload {
    /// What a form may have besides the file and its purpose, in bytes.
    private static let mostFieldBytes = 64 << 10

    private let storage: GatewayStorage
    private let limits: BatchLimits
    private var parser: MultipartParser
    private var field = ""
    private var purpose: [UInt8]?
    private var otherBytes = 0
    private var filename: String?
    private var draft: FileDraft?

    /// - Parameter type: the request's content type.
    init(type: String?, storage: GatewayStorage, limits: BatchLimits) throws(GatewayError) {
        guard let boundary = type.flatMap(MultipartParser.boundary(of:)) else { throw .notFormType }
        (self.storage, self.limits) = (storage, limits)
        parser = MultipartParser(boundary: boundary)
    }

    /// Reads the body to its end and returns the file, whose content is on disk. It has no row yet.
    mutating func read(_ body: RequestBody, owner: String) async throws -> StoredFile {
        do {
            for try await buffer in body {
                for event in try parser.feed(buffer.readableBytesView) { try await take(event) }
            }
            try parser.finish()
        } catch let problem as MultipartParser.Problem {
            throw GatewayError(status: 400, code: "invalid_form", message: "The body is no form: \(problem.message).")
        }
        guard let draft, let filename else { throw GatewayError.missing("file") }
        guard let purpose else { throw GatewayError.missing("purpose") }
        guard purpose == Array(StoredFile.batchPurpose.utf8) else {
            throw GatewayError.parameter("purpose", "has to be 'batch': files are here for batches alone")
        }
        try await NIOThreadPool.singleton.runIfActive { [storage] in try storage.keep(draft) }
        return StoredFile(
            id: draft.id,
            owner: owner,
            purpose: StoredFile.batchPurpose,
            filename: filename,
            bytes: draft.count,
            createdAt: limits.now()
        )
    }

    private mutating func take(_ event: MultipartParser.Event) async throws {
        switch event {
        case .part(let name, let filename):
            field = name
            switch name {
            case "file":
                guard draft == nil else { throw GatewayError.parameter("file", "stands twice") }
                draft = try storage.newDraft()
                self.filename = String((filename ?? "file").prefix(255))
            case "purpose":
                guard purpose == nil else { throw GatewayError.parameter("purpose", "stands twice") }
                purpose = []
            case _ where name.hasPrefix("expires_after"):
                throw GatewayError.unsupported("expires_after", "files stay until they are deleted")
            default: break
            }
        case .bytes(let bytes):
            if field == "file", let draft {
                guard draft.count + bytes.count <= limits.mostFileBytes else {
                    throw GatewayError.fileTooLarge(limits.mostFileBytes)
                }
                return try await NIOThreadPool.singleton.runIfActive { try draft.write(bytes) }
            }
            otherBytes += bytes.count
            guard otherBytes <= Self.mostFieldBytes else { throw GatewayError.bodyTooLarge(Self.mostFieldBytes) }
            if field == "purpose" { purpose? += bytes }
        case .end: field = ""
        }
    }
}

extension GatewayError {
    static let notFormType = GatewayError(
        status: 415,
        code: "unsupported_media_type",
        message: "The content type has to be multipart/form-data with a boundary."
    )

    static func fileTooLarge(_ most: Int) -> GatewayError {
        GatewayError(
            status: 413,
            code: "file_too_large",
            param: "file",
            message: "The file has more than \(most) bytes."
        )
    }
}
