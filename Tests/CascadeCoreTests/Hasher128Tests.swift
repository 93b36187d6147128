import Testing

@testable import CascadeCore

@Suite struct Hasher128Tests {
    @Test func theSameOnEveryMachine() {
        var hasher = Hasher128()
        hasher.combine(42)
        hasher.combine(bytes: Array("the quick brown fox".utf8))
        #expect(hasher.finish().description == "3e279864d7189140c34c1e047a37a947")
    }

    @Test func everyBitOfTheInputCounts() {
        var seen: Set<Hash128> = []
        let text = Array("exactly 19 bytes ok".utf8)
        for bit in 0..<text.count * 8 {
            var changed = text
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            seen.insert(hash([changed]))
        }
        #expect(seen.count == text.count * 8)
        #expect(!seen.contains(hash([text])))
        // About half of the bits of either half change with one bit of input.
        let first = hash([text])
        for other in seen {
            #expect(10...54 ~= (first.high ^ other.high).nonzeroBitCount)
            #expect(10...54 ~= (first.low ^ other.low).nonzeroBitCount)
        }
    }

    @Test func boundariesOrderAndLengthCount() {
        let inputs: [[[UInt8]]] = [
            [], [[]], [[], []], [[0]], [[0, 0]], [[0], [0]], [[1, 2], [3]], [[1], [2, 3]], [[3], [1, 2]],
            [[UInt8](repeating: 0, count: 8)], [[UInt8](repeating: 0, count: 16)],
        ]
        #expect(Set(inputs.map(hash)).count == inputs.count)
        #expect(Hasher128(domain: 1).finish() != Hasher128(domain: 2).finish())
    }

    @Test func smallIntegersDoNotCollide() {
        var halves: (high: Set<UInt64>, low: Set<UInt64>) = ([], [])
        for first in 0..<200 as Range<UInt64> {
            for second in 0..<200 as Range<UInt64> {
                var hasher = Hasher128()
                hasher.combine(first)
                hasher.combine(second)
                halves.high.insert(hasher.finish().high)
                halves.low.insert(hasher.finish().low)
            }
        }
        #expect(halves.high.count == 40_000 && halves.low.count == 40_000)
    }

    private func hash(_ strings: [[UInt8]]) -> Hash128 {
        var hasher = Hasher128()
        for string in strings { hasher.combine(bytes: string) }
        return hasher.finish()
    }
}
