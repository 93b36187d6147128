internal import Foundation

/// The gateway's paths.
enum Route: Hashable, Sendable {
    case chatCompletions
    case completions
    case embeddings
    case models
    /// One model, by its name.
    case model(String)
    case tokenize
    case detokenize
    case health
    case ready
    case metrics

    private static let fixed: [String: Route] = [
        "/v1/chat/completions": .chatCompletions, "/v1/completions": .completions, "/v1/embeddings": .embeddings,
        "/v1/models": .models, "/tokenize": .tokenize, "/detokenize": .detokenize, "/health": .health,
        "/ready": .ready, "/metrics": .metrics,
    ]

    /// The route of a path, without its query; nil where there is none. A slash at the end does not matter.
    init?(path: String) {
        var path = path
        while path.utf8.count > 1, path.hasSuffix("/") { path.removeLast() }
        if let route = Self.fixed[path] {
            self = route
            return
        }
        // Names of models may have slashes.
        guard path.hasPrefix("/v1/models/"), let name = path.dropFirst(11).removingPercentEncoding else { return nil }
        self = .model(name)
    }

    /// What it is called in metrics: never what a client wrote.
    var pattern: String {
        if case .model = self { return "/v1/models/{id}" }
        return Self.fixed.first { $0.value == self }?.key ?? "other"
    }

    /// Whether it takes a body; else it is there to be read.
    var takesBody: Bool {
        switch self {
        case .chatCompletions, .completions, .embeddings, .tokenize, .detokenize: true
        case .models, .model, .health, .ready, .metrics: false
        }
    }

    /// The methods it takes.
    var methods: [String] { takesBody ? ["POST"] : ["GET", "HEAD"] }

    /// Whether whoever asks needs a key, where there are keys. What watches over a process has none as a rule, and
    /// learns nothing but whether it is well.
    var needsKey: Bool { self != .health && self != .ready }
}
