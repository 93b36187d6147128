/// Roles that a model gives single tokens; the raw value is the middle of GGUF's key: `tokenizer.ggml.eos_token_id`.
package enum SpecialTokenRole: String, CaseIterable, Sendable {
    /// Begins a text.
    case begin = "bos"
    /// Ends a text.
    case end = "eos"
    /// Ends a turn of a chat.
    case endOfTurn = "eot"
    /// Ends a message that waits for a tool.
    case endOfMessage = "eom"
    /// Stands for what cannot be spelled.
    case unknown
    /// Fills rows of a batch.
    case padding
    /// Begins the text before a hole (fill in the middle).
    case fillPrefix = "fim_pre"
    /// Begins the text behind a hole.
    case fillSuffix = "fim_suf"
    /// Begins the text of the hole.
    case fillMiddle = "fim_mid"
    /// Pads a hole.
    case fillPadding = "fim_pad"
    /// Begins the name of a repository.
    case fillRepository = "fim_rep"
    /// Separates the files of a repository.
    case fillSeparator = "fim_sep"
}
