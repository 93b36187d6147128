/// Which tokens of a vocabulary are allowed.
package struct TokenMask: Sendable, Equatable {
    /// Bit `token % 64` of word `token / 64` says whether the token is allowed.
    package internal(set) var words: [UInt64]
    /// How many tokens are allowed.
    package internal(set) var allowedCount = 0

    init(count: Int) { words = Array(repeating: 0, count: (count + 63) / 64) }

    /// Whether the token is allowed; no token outside the vocabulary is.
    package func contains(_ token: UInt32) -> Bool {
        let word = Int(token >> 6)
        return word < words.count && words[word] >> UInt64(token & 63) & 1 != 0
    }

    mutating func insert(_ token: UInt32) { words[Int(token >> 6)] |= 1 << UInt64(token & 63) }

    mutating func count() { allowedCount = words.reduce(0) { $0 + $1.nonzeroBitCount } }
}
