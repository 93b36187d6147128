internal import Foundation

/// What this host does not give, in words for people.
package struct HostError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

/// A call of the system that failed: what was to be done, with what, and why it was not.
package struct SystemError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was to be done, e.g. `write`.
    package let action: String
    /// With what, e.g. a file's path.
    package let subject: String
    /// The system's number for the cause.
    package let code: Int32

    /// Creates the error; the code is the present `errno` where none is given.
    package init(_ action: String, _ subject: String, code: Int32 = errno) {
        (self.action, self.subject, self.code) = (action, subject, code)
    }

    package var description: String { "cannot \(action) \(subject): \(cause)" }

    /// Why, and what helps where something does.
    package var cause: String { Self.text(code) + advice }

    /// The cause in the system's words, e.g. `No space left on device`.
    package static func text(_ code: Int32) -> String { String(cString: strerror(code)) }

    /// Whether an error says that there is nothing at a path, and not that it cannot be seen.
    package static func meansNothingThere(_ code: Int32) -> Bool { code == ENOENT || code == ENOTDIR }

    private var advice: String {
        switch code {
        case ENOSPC, EDQUOT: "; make room there, or name another place"
        case EROFS: "; name a place that can be written"
        case EACCES, EPERM: "; see who may do that ('ls -ld'), or name another place"
        case EMFILE, ENFILE: "; raise the limit of open files ('ulimit -n')"
        default: ""
        }
    }

    /// Any error in words for people: those of ours as they are, Foundation's by their cause, without its domains and
    /// numbers.
    package static func words(_ error: any Error) -> String {
        if let code = posixCode(error) { return text(code) }
        if let error = error as? DecodingError { return words(error) }
        return error is CocoaError ? error.localizedDescription : "\(error)"
    }

    /// The system's number behind an error of Foundation's, nil where there is none.
    private static func posixCode(_ error: any Error) -> Int32? {
        if let error = error as? POSIXError { return error.code.rawValue }
        guard let error = error as? CocoaError else { return nil }
        if let deeper = error.userInfo[NSUnderlyingErrorKey] as? any Error, let code = posixCode(deeper) { return code }
        return switch error.code {
        case .fileNoSuchFile, .fileReadNoSuchFile: ENOENT
        case .fileReadNoPermission, .fileWriteNoPermission: EACCES
        case .fileWriteOutOfSpace: ENOSPC
        case .fileWriteVolumeReadOnly: EROFS
        case .fileWriteFileExists: EEXIST
        case .fileReadTooLarge: EFBIG
        case .fileReadInapplicableStringEncoding, .fileReadCorruptFile: EILSEQ
        default: nil
        }
    }

    private static func words(_ error: DecodingError) -> String {
        func place(_ context: DecodingError.Context) -> String {
            let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
            return path.isEmpty ? "" : " at \(path.first == "." ? String(path.dropFirst()) : path)"
        }
        return switch error {
        case .keyNotFound(let key, let context): "\"\(key.stringValue)\" is missing\(place(context))"
        case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
            "expected \(noun(type))\(place(context))"
        case .dataCorrupted(let context): "it is no JSON of this kind\(place(context))"
        @unknown default: "it is no JSON of this kind"
        }
    }

    private static func noun(_ type: any Any.Type) -> String {
        switch type {
        case is String.Type: "a string"
        case is Bool.Type: "true or false"
        case is Int.Type, is Double.Type, is UInt64.Type, is UInt32.Type: "a number"
        case is any ExpressibleByArrayLiteral.Type: "an array"
        default: "an object"
        }
    }
}
