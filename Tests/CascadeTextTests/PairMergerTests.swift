import CascadeCore
import CascadeTestSupport
import Testing

@testable import CascadeText

@Suite struct PairMergerTests {
    @Test func mergesTheBestPairFirstAndOfEqualOnesTheLeftmost() throws {
        let merger = try merger(["a", "b", "c", "ab", "bc", "aa"], merges: ["b c", "a b", "a a"])
        #expect(encode("abc", merger) == [0, 4])
        #expect(encode("ab", merger) == [3])
        #expect(encode("aaa", merger) == [5, 0])
        #expect(encode("aaaa", merger) == [5, 5])
        #expect(encode("aab", merger) == [0, 3])
    }

    @Test func stringsThatAreNoTokensFallApartIntoBytes() throws {
        // "ab" is a step on the way to "abc", but no token itself; "d" has no token at all.
        let merger = try merger(["a", "b", "c", "abc"], merges: ["a b", "ab c"])
        #expect(encode("abc", merger) == [3])
        #expect(encode("ab", merger) == [0, 1])
        #expect(encode("dabd", merger) == [0, 1])
        #expect(merger.missingBytes.count == 256 - 3)
    }

    @Test func ofEqualMergesTheFirstCounts() throws {
        let merger = try merger(["a", "b", "c", "ab", "bc"], merges: ["a b", "b c", "a b"])
        #expect(encode("abc", merger) == [3, 2])
    }

    @Test(arguments: ["ab", "", " b", "a ", "a b c", "a\u{1} b"])
    func badMergesAreErrors(merge: String) {
        #expect(throws: TokenizerError.self) { _ = try merger(["a"], merges: [merge]) }
    }

    @Test func equalTokensAreAnError() {
        #expect(throws: TokenizerError.self) { _ = try merger(["a", "b", "a"], merges: []) }
    }

    /// Random vocabularies over three letters, compared with the definition: look for the best pair, merge it, repeat.
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func agreesWithTheDefinition(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for round in 0..<50 {
            var tokens = ["a", "b", "c"]
            var merges: [(String, String)] = []
            while merges.count < 12 {
                let pair = (
                    tokens.randomElement(using: &generator) ?? "", tokens.randomElement(using: &generator) ?? ""
                )
                if !tokens.contains(pair.0 + pair.1) { tokens.append(pair.0 + pair.1) }
                merges.append(pair)
            }
            let merger = try merger(tokens, merges: merges.map { "\($0) \($1)" })
            for _ in 0..<20 {
                let length = Int.random(in: 1...60, using: &generator)
                let text = String((0..<length).map { _ in "abc".randomElement(using: &generator) ?? "a" })
                var parts = text.map(String.init)
                while let best = best(parts, merges) {
                    parts[best] += parts.remove(at: best + 1)
                }
                let expected = parts.compactMap { part in tokens.firstIndex(of: part).map(Token.init) }
                #expect(encode(text, merger) == expected, "seed \(seed), round \(round): \(text) with \(merges)")
            }
        }
    }

    private func best(_ parts: [String], _ merges: [(String, String)]) -> Int? {
        for merge in merges {
            for index in parts.indices.dropLast() where (parts[index], parts[index + 1]) == merge { return index }
        }
        return nil
    }

    private func merger(_ tokens: [String], merges: [String]) throws -> PairMerger {
        try PairMerger(tokens: tokens.map { Array($0.utf8) }, merges: merges.map { Array($0.utf8) })
    }

    private func encode(_ text: String, _ merger: PairMerger) -> [Token] {
        var work = PairMerger.Workspace()
        var tokens: [Token] = []
        Array(text.utf8).withUnsafeBufferPointer { merger.encode($0, using: &work, into: &tokens) }
        return tokens
    }
}
