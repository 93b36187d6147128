internal import Foundation

/// The gateway's paths.
enum Route: Hashable, Sendable {
    case chatCompletions
    case completions
    case embeddings
    /// Anthropic's chat.
    case messages
    case countTokens
    /// OpenAI's newer chat.
    case responses
    case models
    /// One model, by its name.
    case model(String)
    /// The document of all routes.
    case openAPI
    case tokenize
    case detokenize
    case health
    case ready
    case metrics
    /// A file of the page.
    case page(String)
    case status
    case nodes
    case jobs
    /// The end of a job, by its name.
    case cancel(String)
    case files
    /// A file, by its name.
    case file(String)
    case fileContent(String)
    case batches
    /// A batch, by its name.
    case batch(String)
    case cancelBatch(String)

    private static let fixed: [String: Route] = [
        "/v1/chat/completions": .chatCompletions, "/v1/completions": .completions, "/v1/embeddings": .embeddings,
        "/openapi.json": .openAPI, "/v1/messages": .messages,
        "/v1/messages/count_tokens": .countTokens, "/v1/responses": .responses,
        "/v1/models": .models, "/tokenize": .tokenize, "/detokenize": .detokenize, "/health": .health,
        "/ready": .ready, "/metrics": .metrics, "/cascade/v1/status": .status, "/cascade/v1/nodes": .nodes,
        "/cascade/v1/jobs": .jobs, "/v1/files": .files, "/v1/batches": .batches,
    ]

    /// One of each that is not the page's.
    static var all: [Route] {
        fixed.values + [
            .model("default"), .cancel("job"), .file("file"), .fileContent("file"), .batch("batch"),
            .cancelBatch("batch"),
        ]
    }

    /// The route of a path, without its query; nil where there is none. A slash at the end does not matter.
    init?(path: String) {
        var path = path
        while path.utf8.count > 1, path.hasSuffix("/") { path.removeLast() }
        if let route = Self.fixed[path] {
            self = route
            return
        }
        if PageFile.all[path] != nil {
            self = .page(path)
            return
        }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        if path.hasPrefix("/cascade/v1/jobs/"), parts.count == 6, parts[5] == "cancel" {
            self = .cancel(String(parts[4]))
            return
        }
        if parts.count > 3, let route = Self.stored(Array(parts[1...])) {
            self = route
            return
        }
        // Names of models may have slashes.
        guard path.hasPrefix("/v1/models/"), let name = path.dropFirst(11).removingPercentEncoding else { return nil }
        self = .model(name)
    }

    private static func stored(_ parts: [Substring]) -> Route? {
        switch (parts[0], parts[1], parts.count, parts.last) {
        case ("v1", "files", 3, _): .file(String(parts[2]))
        case ("v1", "files", 4, "content"): .fileContent(String(parts[2]))
        case ("v1", "batches", 3, _): .batch(String(parts[2]))
        case ("v1", "batches", 4, "cancel"): .cancelBatch(String(parts[2]))
        default: nil
        }
    }

    /// What it is called in metrics: never what a client wrote.
    var pattern: String {
        if case .model = self { return "/v1/models/{id}" }
        if case .cancel = self { return "/cascade/v1/jobs/{id}/cancel" }
        if case .page = self { return "page" }
        switch self {
        case .file: return "/v1/files/{id}"
        case .fileContent: return "/v1/files/{id}/content"
        case .batch: return "/v1/batches/{id}"
        case .cancelBatch: return "/v1/batches/{id}/cancel"
        default: break
        }
        return Self.fixed.first { $0.value == self }?.key ?? "other"
    }

    /// Whether it takes a body; else it is there to be read.
    var takesBody: Bool {
        switch self {
        case .chatCompletions, .completions, .embeddings, .messages, .countTokens, .responses, .tokenize, .detokenize,
            .cancel, .cancelBatch:
            true
        case .models, .model, .openAPI, .health, .ready, .metrics, .page, .status, .nodes, .jobs, .files, .file,
            .fileContent, .batches, .batch:
            false
        }
    }

    /// Whether its clients are Anthropic's, and so read errors in that shape.
    var isAnthropic: Bool { self == .messages || self == .countTokens }

    /// The methods it takes.
    var methods: [String] {
        switch self {
        case .files, .batches: ["GET", "HEAD", "POST"]
        case .file: ["GET", "HEAD", "DELETE"]
        default: takesBody ? ["POST"] : ["GET", "HEAD"]
        }
    }

    /// Whether whoever asks needs a key, where there are keys. What watches over a process has none as a rule, and
    /// learns nothing but whether it is well; the page itself says nothing of the cluster.
    var needsKey: Bool {
        switch self {
        case .health, .ready, .openAPI, .page: false
        default: true
        }
    }
}
