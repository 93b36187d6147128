internal import CascadeCore

/// One choice of an answer as far as it has come.
struct ChoiceState: Sendable {
    /// What one delta adds.
    struct Piece: Equatable, Sendable {
        /// Whole characters.
        var text: String
        /// The tokens that were committed meanwhile.
        var tokens: [EmittedToken]
        /// Characters, as Unicode scalars, of all tokens before these.
        var textOffset: Int
    }

    /// Its number.
    let index: Int
    /// Whether tokens are kept for the whole answer.
    private let keepsTokens: Bool
    /// The beginning of a character, whose rest comes with the next delta.
    private var held: [UInt8] = []
    private var textOffset = 0

    /// The job behind it; nil before it is accepted.
    var accepted: AcceptedCompletion?
    /// How it ended; nil before that.
    var finished: FinishedCompletion?
    /// All text so far, where it is kept.
    private(set) var text = ""
    /// All tokens so far, where they are kept.
    private(set) var tokens: [EmittedToken] = []

    /// A choice that has nothing yet.
    init(index: Int, keepsTokens: Bool) {
        (self.index, self.keepsTokens) = (index, keepsTokens)
    }

    /// Takes a delta and returns what of it can be shown: never half a character. Bytes that belong to none become
    /// U+FFFD. A character that is incomplete where the answer ends is left out.
    mutating func take(_ delta: CompletionDelta) -> Piece {
        held += delta.text
        let count = held.count - incompleteSuffixCount(of: held[...])
        let piece = Piece(
            text: String(decoding: held[..<count], as: UTF8.self),
            tokens: delta.tokens,
            textOffset: textOffset
        )
        held.removeFirst(count)
        for token in delta.tokens { textOffset += token.piece.text.unicodeScalars.count }
        return piece
    }

    /// Adds a piece to the whole.
    mutating func keep(_ piece: Piece) {
        text += piece.text
        if keepsTokens { tokens += piece.tokens }
    }

    /// The whole answer as one piece.
    var whole: Piece { Piece(text: text, tokens: tokens, textOffset: 0) }
}

extension TokenPiece {
    /// The bytes as text; those that are no character are U+FFFD.
    var text: String { String(decoding: bytes, as: UTF8.self) }
}
