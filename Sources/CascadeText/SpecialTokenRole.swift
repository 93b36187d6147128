/// Roles that a model gives single tokens; the raw value is the middle of GGUF's key: `tokenizer.ggml.eos_token_id`.
package enum SpecialTokenRole: String, CaseIterable, Sendable {
    /// Begins a text.
    case bos
    /// Ends a text.
    case eos
    /// Ends a turn of a chat.
    case eot
    /// Ends a message that waits for a tool.
    case eom
    /// Stands for what cannot be spelled.
    case unknown
    /// Fills rows of a batch.
    case padding
    /// Begins the text before a hole (fill in the middle).
    case fimPrefix = "fim_pre"
    /// Begins the text behind a hole.
    case fimSuffix = "fim_suf"
    /// Begins the text of the hole.
    case fimMiddle = "fim_mid"
    /// Pads a hole.
    case fimPadding = "fim_pad"
    /// Begins the name of a repository.
    case fimRepository = "fim_rep"
    /// Separates the files of a repository.
    case fimSeparator = "fim_sep"

    /// Whether a token of this role ends an answer: the text, a turn or a message of it, or a file.
    package var endsText: Bool {
        switch self {
        case .eos, .eot, .eom, .fimPadding, .fimRepository, .fimSeparator: true
        case .bos, .unknown, .padding, .fimPrefix, .fimSuffix, .fimMiddle: false
        }
    }
}
