internal import CascadeCore
internal import CascadeHost
internal import Foundation

/// Reads a prompt from the command line or standard input.
enum PromptInput {
    /// The prompt; a usage error when there is none, or when it is not UTF-8; a refusal while reading when it is too
    /// long.
    static func read(_ argument: String?) throws(CommandFailure) -> String {
        if let argument, argument != "-" {
            guard !argument.isEmpty else { throw .usage("the prompt is empty") }
            return argument
        }
        if argument == nil, isatty(STDIN_FILENO) == 1 {
            throw .usage("no prompt: give it as an argument or on standard input")
        }
        let bytes = try standardInput(limit: JobLimits.standard.promptBytes, what: "the prompt")
        guard !bytes.isEmpty else { throw .usage("the prompt on standard input is empty") }
        return try TextInput.text(bytes, of: "the prompt on standard input")
    }

    /// All of standard input.
    ///
    /// - Parameters:
    ///   - limit: bytes beyond which it is refused, as soon as they have come.
    ///   - what: what is read, for the message.
    ///   - wayOut: how else it can be given.
    static func standardInput(
        limit: Int,
        what: String,
        wayOut: String = "as an argument or a file"
    ) throws(CommandFailure) -> [UInt8] {
        do {
            return try FileAccess.read(STDIN_FILENO, name: "standard input", limit: limit)
        } catch {
            switch error.code {
            case EBADF: throw .usage("standard input is closed; give \(what) \(wayOut)")
            case EISDIR: throw .usage("standard input is a folder; give \(what) \(wayOut)")
            case EFBIG: throw .refused("\(what) on standard input has more than \(limit) bytes, which is the limit")
            default: throw .failed("\(error)")
            }
        }
    }
}
