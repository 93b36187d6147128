import Testing

@testable import CascadeCore

struct PrefixHashTests {
    @Test func chains() {
        let tokens = (0..<100).map { Token($0 * 37 % 1000) }
        let whole = PrefixHash.extend(PrefixHash.empty, tokens)
        for cut in [0, 1, 50, 99, 100] {
            let head = PrefixHash.extend(PrefixHash.empty, tokens[..<cut])
            #expect(PrefixHash.extend(head, tokens[cut...]) == whole)
        }
        #expect(PrefixHash.extend(whole, []) == whole)
    }

    /// Peers compare these hashes: they may not change between versions. Computed apart, by hand-written Python.
    @Test func staysTheSame() {
        #expect(PrefixHash.extend(PrefixHash.empty, [1]).description == "a27c6ecf54d7e5c38df90cd5c7931b16")
        #expect(PrefixHash.extend(PrefixHash.empty, [1, 2, 151_935]).description == "0d864136918476a6258dfc87d0064107")
    }

    @Test func prefixesDiffer() {
        var seen: Set<Hash128> = [PrefixHash.empty]
        for a in Token(0)..<60 {
            seen.insert(PrefixHash.extend(PrefixHash.empty, [a]))
            for b in Token(0)..<60 { seen.insert(PrefixHash.extend(PrefixHash.empty, [a, b])) }
        }
        #expect(seen.count == 1 + 60 + 3600)
    }

    @Test func isQuick() throws {
        let tokens = (0..<100_000).map { Token($0 % 150_000) }
        let elapsed = (0..<5).map { _ in
            ContinuousClock().measure { #expect(PrefixHash.extend(PrefixHash.empty, tokens) != PrefixHash.empty) }
        }
        let best = try #require(elapsed.min())
        print("hash of \(tokens.count) tokens: \(best)")
        #expect(best < .milliseconds(50))
    }
}
