internal import CascadeCore
internal import CascadeEval
internal import CascadeHost
internal import Foundation

/// Text that comes from outside is UTF-8, whichever way it comes; other bytes are refused. The system's own conversions
/// put U+FFFD in their place in silence, and a model would answer another prompt than the one that was given.
enum TextInput {
    /// The text of `bytes`; `source` is what the refusal calls them, such as "the prompt on standard input".
    static func text(_ bytes: some Collection<UInt8>, of source: String) throws(CommandFailure) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let valid = validPrefixCount(of: Array(bytes))
            let byte = String(bytes.dropFirst(valid).first ?? 0, radix: 16, uppercase: true)
            throw .usage(
                """
                \(source) is not UTF-8: byte \(valid + 1) is 0x\(byte); convert it, e.g. with 'iconv -f LATIN1 -t \
                UTF-8'
                """
            )
        }
        return text
    }

    /// Refuses arguments and settings of the environment that are not UTF-8.
    static func checkArguments(_ names: some Collection<String>) throws(CommandFailure) {
        for (index, argument) in ProgramArguments.bytes.enumerated() {
            _ = try text(argument, of: "argument \(index + 1)")
        }
        for name in names where name.hasPrefix("CASCADE_") {
            guard let value = getenv(name) else { continue }
            _ = try text(bytes(of: value), of: name)
        }
    }

    private static func bytes(of text: UnsafePointer<CChar>) -> [UInt8] {
        UnsafeBufferPointer(start: text, count: strlen(text)).map(UInt8.init(bitPattern:))
    }

    /// Bytes in front of the first that is part of no character.
    private static func validPrefixCount(of bytes: [UInt8]) -> Int {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var count = 0
        while case .scalarValue(let scalar) = decoder.decode(&iterator) { count += UTF8.width(scalar) }
        return count
    }
}

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

/// A file of prompts that the command line names.
enum PromptArgument {
    /// The file's prompts, at most `limit` of them.
    static func read(_ path: String, limit: Int?) throws(CommandFailure) -> [String] {
        Array(try named(path).map(\.prompt).prefix(limit ?? .max))
    }

    /// The file's prompts with their names.
    static func named(_ path: String) throws(CommandFailure) -> [NamedPrompt] {
        do throws(PromptFileError) {
            return try PromptFile.read(path)
        } catch {
            throw .failed("\(error)")
        }
    }
}
