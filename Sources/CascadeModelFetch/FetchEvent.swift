/// What a fetch tells its caller while it works. Events of one fetch come one after another, from any thread.
package enum FetchEvent: Sendable, Equatable {
    /// Where the bytes come from now, such as `Hugging Face` or `packages`.
    case source(String)
    /// `done` of `total` bytes of the file are on disk; `total` is nil where the server does not say.
    case progress(done: Int, total: Int?)
    /// The file is complete and its SHA-256 is being computed.
    case checking
    /// Something a person should know: a source that failed, a wait for another fetch.
    case notice(String)
}
