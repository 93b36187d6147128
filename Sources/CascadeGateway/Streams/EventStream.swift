import CascadeJSON

/// The lines of a stream of server-sent events.
enum EventStream {
    /// A comment, which clients skip: it keeps proxies from giving a silent connection up.
    static let ping = Array(": ping\n\n".utf8)
    /// What OpenAI's streams end with.
    static let done = Array("data: [DONE]\n\n".utf8)

    /// One event. JSON texts have no line ends.
    static func event(_ data: JSONValue) -> [UInt8] { Array("data: ".utf8) + data.utf8 + Array("\n\n".utf8) }
}
