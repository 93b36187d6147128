/// What a token is for; raw values are those of GGUF's `tokenizer.ggml.token_type`.
package enum TokenKind: UInt8, Sendable {
    /// Text, spelled in the byte alphabet.
    case normal = 1
    /// Stands for what the vocabulary cannot spell.
    case unknown = 2
    /// Steers the model, such as `<|im_end|>`; shows as nothing.
    case control = 3
    /// Text that its author added, spelled as it is; matched before anything else.
    case userDefined = 4
    /// Padding of the table; never in a text.
    case unused = 5
    /// One byte, in vocabularies of other kinds than ours.
    case byte = 6
}
