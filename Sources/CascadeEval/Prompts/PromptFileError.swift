/// Why a file of prompts or problems cannot be used, naming the file and the line.
package struct PromptFileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file's path.
    package let file: String
    /// The line's number, from 1; nil if the whole file is meant.
    package let line: Int?
    /// What is wrong there.
    package let reason: String

    package var description: String {
        line.map { "\(file), line \($0): \(reason)" } ?? "\(file): \(reason)"
    }

    /// A decoder's error in words for the person who wrote the line.
    static func reason(of error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _):
            "\"\(key.stringValue)\" is missing"
        case DecodingError.valueNotFound(_, let context) where !context.codingPath.isEmpty:
            "\"\(context.codingPath[0].stringValue)\" must not be null"
        case DecodingError.typeMismatch(_, let context) where !context.codingPath.isEmpty:
            "\"\(context.codingPath[0].stringValue)\" must be a string"
        case DecodingError.typeMismatch:
            "the line must be a JSON object"
        case DecodingError.dataCorrupted(let context) where !context.codingPath.isEmpty:
            "\"\(context.codingPath[0].stringValue)\" \(context.debugDescription)"
        default:
            "the line is not JSON"
        }
    }
}
