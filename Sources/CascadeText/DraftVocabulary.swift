package import CascadeCore

/// The tokens that a drafter's trimmed output head keeps.
package enum DraftVocabulary {
    /// The `count` most frequent tokens, ascending, among them in any case all that a draft must be able to say: tokens
    /// that end a text, every special token, and those of single bytes (decisions.md 8c). More than `count` where these
    /// alone are more; nil where `count` covers the whole vocabulary.
    ///
    /// `order` names tokens by frequency, the most frequent first; what it lacks follows by id. Ids themselves are such
    /// an order: byte-pair merges are learned from the most frequent pair on. Tokens that only pad the table come last.
    package static func tokens(
        _ count: Int,
        of definition: TokenizerDefinition,
        _ vocabulary: Vocabulary,
        order: [Token] = []
    ) -> [Token]? {
        guard count < vocabulary.count else { return nil }
        let all = 0..<Token(vocabulary.count)
        var kept = Set(vocabulary.endTokens)
        for token in all {
            switch definition.kinds[Int(token)] {
            case .normal: if vocabulary.bytes(of: token).count == 1 { kept.insert(token) }
            case .unknown, .control, .userDefined, .byte: kept.insert(token)
            case .unused: break
            }
        }
        func isPadding(_ token: Token) -> Bool { definition.kinds[Int(token)] == .unused }
        let ranked = [order, all.filter { !isPadding($0) }, all.filter(isPadding)].joined()
        for token in ranked {
            guard kept.count < count else { break }
            kept.insert(token)
        }
        return kept.sorted()
    }

    /// Reads a list of tokens by frequency: ids in decimal, the most frequent first, separated by spaces, line feeds or
    /// commas; brackets around them are skipped, so that a JSON array is such a list. Throws a message that says where
    /// the list is wrong.
    package static func order(_ text: some StringProtocol, vocabularyCount: Int) throws(TokenOrderError) -> [Token] {
        var order: [Token] = []
        for word in text.split(whereSeparator: { $0.isWhitespace || ",[]".contains($0) }) {
            guard let token = Token(word), token < vocabularyCount else {
                throw TokenOrderError(word: String(word), position: order.count + 1, vocabularyCount: vocabularyCount)
            }
            order.append(token)
        }
        return order
    }
}
