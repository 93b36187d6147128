internal import CascadeCore
internal import Foundation

/// A command's end by failure: one clear message on standard error and an exit code.
struct CommandFailure: Error {
    /// 1 failed, 2 wrong usage, 3 cluster unreachable, 4 refused, 130 interrupted, 141 nobody reads the output; 128 + n
    /// for another signal n.
    var code: Int32
    /// The cause and the way out; empty where there is nobody to tell.
    var message: String
    /// Whether the same command may succeed later, without anybody's changing it: a disk that is full has room again.
    var mayPass = false

    /// Something went wrong.
    static func failed(_ message: String) -> CommandFailure { CommandFailure(code: 1, message: message) }

    /// The command line makes no sense.
    static func usage(_ message: String) -> CommandFailure { CommandFailure(code: 2, message: message) }

    /// Nobody answers at the endpoint.
    static func unreachable(_ message: String) -> CommandFailure { CommandFailure(code: 3, message: message) }

    /// The cluster said no.
    static func refused(_ message: String) -> CommandFailure { CommandFailure(code: 4, message: message) }

    /// Ctrl-C, or whatever else ``Interrupts`` has as its cause.
    static let interrupted = CommandFailure(code: 130, message: "interrupted")

    /// Nobody reads standard output any more: `cascade submit … | head`. 128 + SIGPIPE.
    static let closedPipe = CommandFailure(code: 128 + SIGPIPE, message: "")
}

extension RefusalCode {
    /// Whether a job that ended with this code was refused (exit code 4) rather than tried and failed (1).
    var isRefusal: Bool {
        switch self {
        case .badRequest, .contextExceeded, .overloaded, .unknownJob, .vocabularyMismatch, .modelMismatch,
            .protocolVersion, .nodeNameTaken, .notReady, .forbidden:
            true
        case .poisoned, .nodeFailed, .shuttingDown, .journalDamaged: false
        }
    }
}
