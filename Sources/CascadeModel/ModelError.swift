package import CascadeCore
package import CascadeText

/// What can go wrong with a model, its file or a request to an engine; each case says what was expected and what found.
package enum ModelError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file cannot be read or is no sound GGUF file.
    case file(GGUFError)
    /// The file's architecture is not one that the engine computes.
    case unsupportedArchitecture(path: String, found: String, supported: [String])
    /// A metadata key asks for something that the engine does not compute, or does not fit another one.
    case unsupportedMetadata(path: String, key: String, expected: String, found: String)
    /// Two facts of the file that cannot both be true; each names its key or tensor.
    case contradiction(path: String, String, String)
    /// The file's tokenizer is not one that is supported, or is broken.
    case tokenizer(path: String, TokenizerError)
    /// A tensor is missing, has another shape or type, or does not belong to the architecture.
    case tensor(path: String, name: String, expected: String, found: String)
    /// The system refuses memory.
    case outOfMemory(bytes: Int, purpose: String)
    /// A worker thread cannot be started; `code` is the system's error number.
    case threads(code: Int32)
    /// An engine option or a request that makes no sense, in words.
    case invalidRequest(String)
    /// A kernel set that this machine lacks was asked for.
    case unknownKernels(String)
    /// A token id outside the vocabulary.
    case invalidToken(Token, vocabulary: Int)
    /// A sequence would grow beyond what the model or the cache can hold.
    case contextFull(length: Int, limit: Int)
    /// The KV cache has too few free pages; nothing was computed.
    case cacheFull(pagesNeeded: Int, pagesFree: Int)
    /// More rows of logits were asked for in one pass than the engine keeps.
    case tooManyLogits(requested: Int, limit: Int)
    /// The model computed an infinite logit or none: its weights are broken.
    case nonFiniteLogits

    package var description: String {
        switch self {
        case .file(let error):
            return error.description
        case .unsupportedArchitecture(let path, let found, let supported):
            return "\(path): architecture \(found) is not supported; supported are \(supported.joined(separator: ", "))"
        case .unsupportedMetadata(let path, let key, let expected, let found):
            return "\(path): key '\(key)': expected \(expected), found \(found)"
        case .contradiction(let path, let first, let second):
            return "\(path): \(first), but \(second)"
        case .tokenizer(let path, let error):
            return "\(path): \(error)"
        case .tensor(let path, let name, let expected, let found):
            return "\(path): tensor '\(name)': expected \(expected), found \(found)"
        case .outOfMemory(let bytes, let purpose):
            return "no memory: \(bytes) bytes for \(purpose)"
        case .threads(let code):
            return "cannot start a worker thread: system error \(code)"
        case .invalidRequest(let problem):
            return problem
        case .unknownKernels(let name):
            return "kernel set \(name) is not available here; sets are \(KernelSet.names.joined(separator: ", "))"
        case .invalidToken(let token, let vocabulary):
            return "token \(token) is outside the vocabulary of \(vocabulary) tokens"
        case .contextFull(let length, let limit):
            return "a sequence of \(length) tokens exceeds the limit of \(limit)"
        case .cacheFull(let needed, let free):
            return "the KV cache is full: \(needed) pages needed, \(free) free"
        case .tooManyLogits(let requested, let limit):
            return "\(requested) rows of logits asked for in one pass, at most \(limit) are kept"
        case .nonFiniteLogits:
            return "the model computed a logit that is infinite or not a number"
        }
    }
}
