import CascadeCore

extension Delta {
    /// Tokens of a piece: with all that can be told of them it is a fraction of what a message may have.
    static let pieceTokens = 128

    /// The delta as it is sent: in several pieces where log probabilities would make it larger than a message may be.
    /// The text goes with the last of them.
    var pieces: [Delta] {
        let isLong = tokens.count > Self.pieceTokens && explanations.contains { $0.logprobs != nil }
        guard isLong else { return [self] }
        return stride(from: 0, to: tokens.count, by: Self.pieceTokens).map { start in
            let end = min(tokens.count, start + Self.pieceTokens)
            var piece = self
            piece.tokenOffset += UInt32(start)
            piece.tokens = Array(tokens[start..<end])
            piece.origins = Array(origins[start..<end])
            piece.explanations = Array(explanations[start..<end])
            if end < tokens.count { piece.text = [] }
            return piece
        }
    }
}
