internal import Foundation

/// Reads a prompt from the command line or standard input.
enum PromptInput {
    /// The prompt; a usage error when there is none, or when it is not UTF-8.
    static func read(_ argument: String?) throws -> String {
        if let argument, argument != "-" {
            guard !argument.isEmpty else { throw CommandFailure.usage("the prompt is empty") }
            return argument
        }
        if argument == nil, isatty(STDIN_FILENO) == 1 {
            throw CommandFailure.usage("no prompt: give it as an argument or on standard input")
        }
        let bytes = Array(FileHandle.standardInput.readDataToEndOfFile())
        guard !bytes.isEmpty else { throw CommandFailure.usage("the prompt on standard input is empty") }
        return try TextInput.text(bytes, of: "the prompt on standard input")
    }
}
