/// What the pure side knows of a tokenizer: how many tokens there are, the bytes each stands for, and which of them
/// end a text or only control it.
package struct Vocabulary: Equatable, Sendable {
    /// 128-bit hash of the token table (ids, bytes and kinds); two models may work together only if theirs are equal.
    package var hash: Hash128
    /// End of token i's bytes in `storage`; token i starts where token i - 1 ends.
    private var ends: [UInt32]
    private var storage: [UInt8]
    /// Tokens that end a text, ascending: the guard set E of every rule (decisions.md 4).
    package private(set) var endTokens: [Token]

    /// Creates a vocabulary from each token's bytes (empty for control tokens, which show as nothing).
    package init(pieces: [[UInt8]], endTokens: [Token], hash: Hash128) {
        ends = []
        storage = []
        ends.reserveCapacity(pieces.count)
        for piece in pieces {
            storage.append(contentsOf: piece)
            ends.append(UInt32(storage.count))
        }
        self.endTokens = endTokens.sorted()
        self.hash = hash
    }

    /// Number of tokens; ids run from 0 to count - 1.
    package var count: Int { ends.count }

    /// The bytes that `token` stands for; empty for a control token and for an id outside the vocabulary.
    package func bytes(of token: Token) -> ArraySlice<UInt8> {
        let index = Int(token)
        guard index < ends.count else { return [] }
        let start = index == 0 ? 0 : Int(ends[index - 1])
        return storage[start..<Int(ends[index])]
    }
}
