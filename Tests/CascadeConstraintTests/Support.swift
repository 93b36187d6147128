import CascadeConstraint

/// Repeats itself for a seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

/// Vocabularies of the tests: each has all single bytes, in their order, and behind them longer pieces and an end.
enum Vocabularies {
    static let bytes = ConstraintVocabulary(pieces: pieces([]), endTokens: [UInt32(pieces([]).count - 1)])

    /// Pieces that JSON texts and the small grammars of the tests are made of, some of them more than once.
    private static let words = [
        "ab", "abc", "ba", "aa", "aaa", "bb", "cab", "bcb", "aaaaaaaa", "abab", "\"", "\":", "\": ", "\",", "\", \"",
        "\"}",
        "\"]", "\"}}", "{\"", "[\"", "[[", "[{", "{}", "[]", "}}", "}]", "]]", "},", "],", "], ", ", ", ",\"", "true",
        "false",
        "null", "tr", "ue", "fal", "se", "10", "12", "123", "00", ".5", "-1", "e+", "e1", "\\n", "\\\"", "\\u00",
        "name",
        "\"name\"", "\"a\"", "\"a\":", "\"b\":", "é", "ééé", "日本", "😀", "  ", " ", "((", "))", "()",
        "hello world",
        "\":\"", "\":{\"", "\":[", "\":1", "x\":", "2024-", "-01", "a\",\"b\":\"c", "}}}}", "]]]]",
        "{\"a\":{\"a\":{\"a\":",
    ]

    static let longPieces = pieces(words)
    static let long = ConstraintVocabulary(pieces: longPieces, endTokens: [longEnd])
    static let longEnd = UInt32(longPieces.count - 1)
    /// The tokens that stand for text, with it.
    static let textTokens = longPieces.enumerated().compactMap { token, piece in
        piece.flatMap { $0.isEmpty || token == Int(longEnd) ? nil : (token: UInt32(token), piece: $0) }
    }

    static func pieces(_ words: [String]) -> [[UInt8]?] {
        let bytes: [[UInt8]?] = (0...UInt8.max).map { [$0] }
        // Ends and beginnings of characters, a token of no text, one that is empty, and the end token.
        let others: [[UInt8]?] = [[0xC3], [0x98, 0x80], [0xF0, 0x9F], nil, [], Array("<|end|>".utf8)]
        return bytes + words.map { Array($0.utf8) } + others
    }
}

extension ConstraintMatcher {
    init(_ grammar: Grammar) { self.init(grammar, vocabulary: Vocabularies.bytes) }

    /// The state behind bytes; the first 256 tokens are the single bytes.
    func state(behind text: some Sequence<UInt8>, from state: ConstraintState? = nil) -> ConstraintState? {
        var state = state ?? start
        for byte in text {
            guard let next = self.state(after: UInt32(byte), from: state) else { return nil }
            state = next
        }
        return state
    }

    func accepts(_ text: String) -> Bool { state(behind: text.utf8).map(mayEnd) ?? false }
}

extension TokenMask {
    var tokens: [UInt32] {
        (0..<UInt32(words.count * 64)).filter { words[Int($0 / 64)] >> UInt64($0 % 64) & 1 != 0 }
    }
}

/// A walk through what a mask allows.
struct Walk {
    var bytes: [UInt8] = []
    var states: [ConstraintState] = []
    var hasEnded = false

    /// Walks at random for some steps and then as directly to the end as it sees.
    static func random(
        _ matcher: inout ConstraintMatcher,
        steps: Int,
        most: Int = 4000,
        using generator: inout SeededGenerator
    ) -> Walk {
        var walk = Walk()
        var state = matcher.start
        let quote = UInt32(UInt8(ascii: "\""))
        let preferred = "}])\"0123456789aZ:-T".utf8.map { UInt32($0) }
        for step in 0..<most {
            walk.states.append(state)
            let mask = matcher.mask(at: state)
            let tokens = mask.tokens
            let end = Vocabularies.longEnd
            guard !tokens.isEmpty else { return walk }
            if mask.contains(end), step > steps || tokens.count == 1 || Int.random(in: 0..<8, using: &generator) == 0 {
                walk.hasEnded = true
                return walk
            }
            var token = tokens[Int.random(in: 0..<tokens.count, using: &generator)]
            if token == end { token = tokens[0] }
            if step > steps {
                // Within strings nearly everything is allowed, and a quote ends them.
                let isString = mask.contains(UInt32(UInt8(ascii: "~"))) && mask.contains(quote)
                token = isString ? quote : preferred.first(where: mask.contains) ?? tokens[0]
            }
            guard let next = matcher.state(after: token, from: state), let piece = Vocabularies.longPieces[Int(token)]
            else { return walk }
            walk.bytes += piece
            state = next
        }
        return walk
    }
}
