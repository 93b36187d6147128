internal import Foundation

/// Reads a prompt from the command line or standard input.
enum PromptInput {
    /// The prompt's bytes; a usage error when there is none.
    static func read(_ argument: String?) throws -> [UInt8] {
        if let argument, argument != "-" {
            guard !argument.isEmpty else { throw CommandFailure.usage("the prompt is empty") }
            return Array(argument.utf8)
        }
        if argument == nil, isatty(STDIN_FILENO) == 1 {
            throw CommandFailure.usage("no prompt: give it as an argument or on standard input")
        }
        let bytes = Array(FileHandle.standardInput.readDataToEndOfFile())
        guard !bytes.isEmpty else { throw CommandFailure.usage("the prompt on standard input is empty") }
        return bytes
    }
}
