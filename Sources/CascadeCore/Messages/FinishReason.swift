/// How an answer ended.
package enum FinishReason: UInt32, CaseIterable, Sendable {
    /// An end token or a stop string.
    case stop = 1
    /// The token limit, or the end of the context.
    case length = 2
    /// A client's wish.
    case cancelled = 3
    /// A failure; the report's error says which.
    case error = 4

    /// The name in JSON.
    package var name: String {
        switch self {
        case .stop: "stop"
        case .length: "length"
        case .cancelled: "cancelled"
        case .error: "error"
        }
    }
}
