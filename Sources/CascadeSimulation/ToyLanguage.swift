import CascadeCore

/// Two toy language models over a small vocabulary. The row behind a prefix is a function of the prefix's hash, so any
/// token that differs changes everything behind it; or, where the language repeats itself, of the last token alone, so
/// that looking up what followed it before is of use.
struct ToyLanguage: Sendable {
    /// Which language.
    let seed: UInt64
    /// How often the drafter's row is the expert's.
    let agreement: Double
    /// How often a row depends on the last token alone.
    let repetition: Double

    /// Token 0 ends a text. The others are pieces that build stop strings and characters across tokens, and two bytes
    /// that are never UTF-8 alone.
    static let pieces: [[UInt8]] =
        [[], [0xC3], [0xA9], [0xFF]]
        + ["a", "b", "c", "ab", "bc", "#", "##", " ", "x", "y", "xyz", "é", "€", "🙂", "q", "r"]
        .map { Array($0.utf8) }
    static let vocabulary = Vocabulary(pieces: pieces, endTokens: [0], hash: Hash128(high: 0xCA5C, low: 0xADE))
    /// What an expert ships as its tokenizer block.
    static let tokenizerBlock = (0..<700).map { UInt8(truncatingIfNeeded: $0 &* 31) }

    static func tokens(ofPrompt prompt: [UInt8]) -> [Token] {
        prompt.map { 1 + Token($0) % Token(pieces.count - 1) }
    }

    /// The expert's row behind a prefix, at temperature 1.
    func expertRow(_ prefix: Hash128, last: Token) -> Distribution {
        row(prefix, last, salt: 1)
    }

    /// The drafter's row behind a prefix, at temperature 1.
    func drafterRow(_ prefix: Hash128, last: Token) -> Distribution {
        row(prefix, last, salt: coin(prefix, 0x5EED) < agreement ? 1 : 2)
    }

    /// A number in [0, 1) for each prefix.
    private func coin(_ prefix: Hash128, _ salt: UInt64) -> Double {
        Double(SplitMix64.mix(prefix.high ^ seed ^ salt) >> 11) * 0x1p-53
    }

    /// The row that is sampled from: at temperature 0 all of it on the most likely token.
    func processed(_ row: Distribution, _ sampling: SamplingSettings) -> Distribution {
        guard sampling.isGreedy else { return row }
        var best = 0
        for index in row.weights.indices where row.weights[index] > row.weights[best] { best = index }
        return Distribution(oneHot: row.tokens[best])
    }

    private func row(_ prefix: Hash128, _ last: Token, salt: UInt64) -> Distribution {
        let context =
            coin(prefix, 0xEC40) < repetition ? UInt64(last) &* 0x5851_F42D_4C95_7F2D : prefix.low ^ prefix.high &* 3
        let state = SplitMix64.mix(context ^ seed &* 0x9E37_79B9 ^ salt << 56)
        let weights = Self.pieces.indices.map { token in
            let bits = SplitMix64.mix(state &+ UInt64(token) &* 0xD134_2543_DE82_EF95) >> 44
            let base = Float(bits + 1) * 0x1p-20
            // The fourth power makes rows peaked; end tokens are rarer than others.
            return base * base * base * base * (token == 0 ? 0.4 : 1)
        }
        guard let row = Distribution(tokens: Self.pieces.indices.map { Token($0) }, weights: weights) else {
            preconditionFailure("weights of a toy row are positive and finite")
        }
        return row
    }
}
