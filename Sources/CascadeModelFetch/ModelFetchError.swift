/// Why a model could not be fetched, in words for the person who asked for it.
package struct ModelFetchError: Error, CustomStringConvertible, Sendable, Equatable {
    /// What kind of failure it is, for callers that decide by it.
    package enum Code: Sendable, Equatable {
        /// The reference is no catalogue name, `hf:` reference, URL or path.
        case unknownModel
        /// The reference is a path and nothing is there.
        case noSuchFile
        /// No connection, a connection that broke for good, or a package index that did not answer.
        case unreachable
        /// The server or the package index answered, and refused.
        case refused
        /// The disk lacks the room; nothing else was tried.
        case noSpace
        /// What arrived has another length than announced.
        case wrongSize
        /// What arrived has another SHA-256 than announced.
        case wrongHash
        /// `curl`, `python3`, `pip` or `sha256sum` is not installed.
        case missingTool
        /// A file could not be opened, written, locked or renamed.
        case fileSystem
        /// Several sources were tried, and each failed in its own way.
        case allSourcesFailed
    }

    package let code: Code
    package let message: String

    package var description: String { message }

    /// What helps where nothing can be reached.
    static let wayOut = "HTTPS_PROXY names a proxy, SSL_CERT_FILE and PIP_CERT a certificate authority of your own"

    /// The same, with what helps where nothing can be reached.
    var withWayOut: ModelFetchError {
        code == .unreachable ? ModelFetchError(code: code, message: "\(message); \(Self.wayOut)") : self
    }
}
