package import CascadeCore

/// Prompt lookup: drafts what followed the sequence's last tokens where the same tokens stood before, in the prompt or
/// in the answer (Saxena, "Prompt Lookup Decoding", 2023).
///
/// A function of committed tokens only. An occurrence is found by the hash of its last ``minimumMatch`` tokens; those
/// with the same hash are linked, newest first. The longest match wins, counted up to ``maximumMatch`` tokens, and of
/// equals the newest. Where what followed it reaches the end of the sequence, it goes on with the draft itself: a text
/// that repeats a short period is drafted as far as is asked for. Appending costs O(1) a token, a look O(candidates),
/// and memory is about 30 bytes a token.
package struct LookupIndex: Sendable {
    /// Tokens that must agree before anything is drafted.
    package static let minimumMatch = 3
    /// Tokens that are compared at most.
    package static let maximumMatch = 8
    /// Occurrences that are looked at, newest first.
    package static let candidates = 32

    private var tokens: [Token] = []
    /// By the hash of minimumMatch tokens: where the newest of their occurrences that has a successor ends. For look-up
    /// only: it is never iterated.
    private var newest: [UInt64: Int32] = [:]
    /// For each end of an occurrence, the end of the one before it with the same hash; -1 where there is none.
    private var older: [Int32] = []

    /// Creates the index of `tokens`.
    package init(_ tokens: some Collection<Token> = []) {
        append(tokens)
    }

    /// Number of tokens.
    package var count: Int { tokens.count }

    /// Takes committed tokens.
    package mutating func append(_ committed: some Collection<Token>) {
        for token in committed {
            // Only now do the tokens before have a successor.
            older.append(-1)
            let end = tokens.count
            if end >= Self.minimumMatch {
                let hash = hash(endingAt: end)
                older[end] = newest[hash] ?? -1
                newest[hash] = Int32(end)
            }
            tokens.append(token)
        }
    }

    /// `limit` tokens that followed the best earlier occurrence of the last tokens, if the sequence went on with them;
    /// empty where there is none.
    package func draft(upTo limit: Int) -> ArraySlice<Token> {
        guard limit > 0, tokens.count > Self.minimumMatch else { return [] }
        var best: (end: Int, length: Int)?
        var next = newest[hash(endingAt: tokens.count)] ?? -1
        for _ in 0..<Self.candidates where next >= 0 {
            let end = Int(next)
            let length = matchLength(endingAt: end)
            // Shorter ones have the same hash by accident.
            if length >= Self.minimumMatch, length > best?.length ?? 0 { best = (end, length) }
            if length == Self.maximumMatch { break }
            next = older[end]
        }
        guard let best else { return [] }
        let found = tokens[best.end...]
        if found.count >= limit { return found.prefix(limit) }
        // What comes behind the end is what the draft begins with.
        return ArraySlice((0..<limit).map { found[best.end + $0 % found.count] })
    }

    /// Tokens before `end` that equal the last ones, up to ``maximumMatch``.
    private func matchLength(endingAt end: Int) -> Int {
        var length = 0
        while length < Self.maximumMatch, length < end, tokens[end - 1 - length] == tokens[tokens.count - 1 - length] {
            length += 1
        }
        return length
    }

    private func hash(endingAt end: Int) -> UInt64 {
        var hash: UInt64 = 0
        for token in tokens[end - Self.minimumMatch..<end] {
            hash = (hash ^ UInt64(token)) &* 0x9E37_79B9_7F4A_7C15
            hash ^= hash >> 29
        }
        return hash
    }
}
