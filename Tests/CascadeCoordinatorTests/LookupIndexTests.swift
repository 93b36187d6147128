import CascadeCore
import CascadeTestSupport
import Testing

@testable import CascadeCoordinator

struct LookupIndexTests {
    /// Tokens, a limit, and what is drafted.
    static let table: [(tokens: [Token], limit: Int, draft: [Token])] = [
        ([], 4, []),
        ([1, 2, 3], 4, []),
        ([1, 2, 3, 9, 1, 2], 4, []),
        ([1, 2, 3, 9, 8, 1, 2, 3], 4, [9, 8, 1, 2]),
        ([1, 2, 3, 9, 8, 1, 2, 3], 1, [9]),
        ([1, 2, 3, 9, 8, 1, 2, 3], 0, []),
        // Of equal matches the newest.
        ([1, 2, 3, 7, 1, 2, 3, 8, 1, 2, 3], 1, [8]),
        // A longer match before a newer one.
        ([5, 1, 2, 3, 7, 6, 1, 2, 3, 8, 5, 1, 2, 3], 1, [7]),
        // Beyond the longest match that is looked for, the newest again.
        ([0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 20, 9, 1, 1, 2, 3, 4, 5, 6, 7, 8, 21, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8], 1, [21]),
        // A text that repeats itself: the match goes on with its own draft.
        ([4, 4, 4, 4], 8, [4, 4, 4, 4, 4, 4, 4, 4]),
        ([1, 2, 1, 2, 1], 5, [2, 1, 2, 1, 2]),
        ([1, 2, 3, 1, 2, 3], 8, [1, 2, 3, 1, 2, 3, 1, 2]),
        ([9, 1, 2, 3, 8, 1, 2, 3], 6, [8, 1, 2, 3, 8, 1]),
    ]

    @Test(arguments: table.indices)
    func drafts(row: Int) {
        let (tokens, limit, draft) = Self.table[row]
        #expect(Array(LookupIndex(tokens).draft(upTo: limit)) == draft)
    }

    /// What the index must say, straight from its definition.
    private func expected(_ tokens: [Token], limit: Int) -> [Token] {
        func length(_ end: Int) -> Int {
            var length = 0
            while length < min(LookupIndex.maximumMatch, end),
                tokens[end - 1 - length] == tokens[tokens.count - 1 - length]
            {
                length += 1
            }
            return length
        }
        let ends = (0..<tokens.count).reversed().filter { length($0) >= LookupIndex.minimumMatch }
            .prefix(LookupIndex.candidates)
        // The first of the largest: the newest.
        guard let longest = ends.map(length).max(), let end = ends.first(where: { length($0) == longest }) else {
            return []
        }
        // Token by token, on the text with the draft so far behind it.
        var extended = tokens
        for offset in 0..<limit { extended.append(extended[end + offset]) }
        return Array(extended.dropFirst(tokens.count))
    }

    /// Random texts over small and large alphabets, committed in pieces as rounds do.
    @Test(arguments: [2, 3, 5, 40] as [Token])
    func equalsBruteForce(alphabet: Token) {
        var random = SeededGenerator(seed: UInt64(alphabet))
        var drafted = 0
        for _ in 0..<30 {
            var tokens: [Token] = []
            var index = LookupIndex()
            while tokens.count < 250 {
                var piece = (0..<Int.random(in: 0...9, using: &random)).map { _ in
                    Token.random(in: 0..<alphabet, using: &random)
                }
                if tokens.count > 20, Bool.random(using: &random) {
                    let start = Int.random(in: 0..<tokens.count - 12, using: &random)
                    piece += tokens[start..<start + 12]
                }
                tokens += piece
                index.append(piece)
                #expect(index.count == tokens.count)
                let draft = Array(index.draft(upTo: 7))
                #expect(draft == expected(tokens, limit: 7))
                if draft.isEmpty { continue }
                drafted += 1
                #expect(draft.count == 7)
                // It follows the very tokens that the text ends with, in the text that it is the end of.
                let before = tokens.suffix(LookupIndex.minimumMatch) + draft
                let extended = tokens + draft
                let last = extended.count - before.count
                #expect((0..<last).contains { extended[$0...].starts(with: before) })
            }
        }
        #expect(drafted > 100)
    }

    /// A long text costs no more per token than a short one: the newest occurrences alone are looked at.
    @Test func aLongTextIsFound() {
        var tokens = [Token](repeating: 1, count: 200_000)
        tokens += [2, 3, 4, 5, 6, 7, 8, 9]
        tokens += [Token](repeating: 1, count: 200_000)
        tokens += [2, 3, 4]
        #expect(Array(LookupIndex(tokens).draft(upTo: 3)) == [5, 6, 7])
    }
}
