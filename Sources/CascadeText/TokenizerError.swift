/// Why a tokenizer cannot be made from its definition.
package enum TokenizerError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The algorithm is not among those that are supported.
    case unsupportedModel(String, supported: [String])
    /// The splitting rule is missing, or not among those that are supported.
    case unsupportedPreTokenizer(String?, supported: [String])
    /// A part of the definition contradicts another, or itself.
    case malformed(subject: String, expected: String, found: String)

    package var description: String {
        switch self {
        case .unsupportedModel(let name, let supported):
            "tokenizer model '\(name)' is not supported; supported: \(supported.joined(separator: ", "))"
        case .unsupportedPreTokenizer(let name?, let supported):
            "pre-tokenizer '\(name)' is not supported; supported: \(supported.joined(separator: ", "))"
        case .unsupportedPreTokenizer(nil, let supported):
            "the model names no pre-tokenizer; supported: \(supported.joined(separator: ", "))"
        case .malformed(let subject, let expected, let found):
            "\(subject): expected \(expected), found \(found)"
        }
    }
}
