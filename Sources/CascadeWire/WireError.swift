/// Why frames are no message. Names the message and, where there is one, the field: a path like `prefix.base_length`.
package enum WireError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The two programs have no version of the protocol in common.
    case version(theirs: UInt32, ours: UInt32)
    /// The bytes have not the form of a message.
    case malformed(message: String, reason: String)
    /// Something is larger than its limit in ``WireLimits``.
    case tooLarge(message: String, what: String, actual: Int, limit: Int)
    /// The raw frames' sizes are not those that the envelope declares or the message needs.
    case frames(message: String, expected: [Int], actual: [Int])
    /// A field that must be there is not.
    case missing(message: String, field: String)
    /// A field's value makes no sense.
    case invalid(message: String, field: String, expected: String, actual: String)

    /// One sentence with what was expected and what was there.
    package var description: String {
        switch self {
        case .version(let theirs, let ours):
            "the peer speaks version \(theirs) of the protocol, this program version \(ours)"
        case .malformed(let message, let reason):
            "\(message): \(reason)"
        case .tooLarge(let message, let what, let actual, let limit):
            "\(message): \(what) is \(actual), at most \(limit) is allowed"
        case .frames(let message, let expected, let actual):
            "\(message): raw frames of \(expected) bytes were expected, not of \(actual) bytes"
        case .missing(let message, let field):
            "\(message): field \(field) is missing"
        case .invalid(let message, let field, let expected, let actual):
            "\(message): field \(field) must be \(expected), not \(actual)"
        }
    }

    /// The same sentence for somebody who knows options and no schemas: `top-k` for the field `sampling.top_k`.
    package var forPeople: String {
        func option(_ field: String) -> String {
            (field.split(separator: ".").last.map(String.init) ?? field).map { $0 == "_" ? "-" : String($0) }.joined()
        }
        return switch self {
        case .tooLarge(_, "frame 0", let actual, let limit):
            "the request has \(actual) bytes, at most \(limit) are possible"
        case .tooLarge(_, let what, let actual, let limit):
            "\(option(what)) is \(actual), at most \(limit) is possible"
        case .missing(_, let field): "\(option(field)) is missing"
        case .invalid(_, let field, let expected, let actual): "\(option(field)) must be \(expected), not \(actual)"
        case .version, .malformed, .frames: description
        }
    }

    /// The same error with its field's path begun by `outer`.
    func inside(_ outer: String) -> WireError {
        switch self {
        case .missing(let message, let field):
            .missing(message: message, field: "\(outer).\(field)")
        case .invalid(let message, let field, let expected, let actual):
            .invalid(message: message, field: "\(outer).\(field)", expected: expected, actual: actual)
        default: self
        }
    }
}
