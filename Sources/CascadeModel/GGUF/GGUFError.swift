/// What is wrong with a GGUF file: which file, which key or tensor, where, what was expected and what was found.
package struct GGUFError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kind of fault.
    package enum Code: String, Sendable {
        /// The file cannot be opened or read, or is no regular file.
        case unreadable
        /// The file does not begin with GGUF's magic, or is of another byte order.
        case notGGUF
        /// A GGUF version that this program does not read.
        case unsupportedVersion
        /// Something reaches behind the end of the file.
        case truncated
        /// A value that the format does not allow.
        case malformed
        /// Two keys or two tensors of the same name.
        case duplicate
        /// A key or tensor that was asked for is not there.
        case missing
        /// A key has another type, or its value is out of range.
        case wrongType
        /// Somebody wrote to the file, or cut it short, while it was read.
        case changed
    }

    /// The kind of fault.
    package var code: Code
    /// The file's path, or the name given with the bytes.
    package var path: String
    /// The part of the file concerned, such as `key 'general.alignment'` or `tensor 'output.weight'`.
    package var subject: String
    /// Byte offset in the file of what is wrong; nil where no place can be named.
    package var offset: Int?
    /// What the format or the caller asks for.
    package var expected: String
    /// What the file has.
    package var found: String

    package var description: String {
        let place = offset.map { " at byte \($0)" } ?? ""
        return "\(path): \(subject)\(place): expected \(expected), found \(found)"
    }
}
