import CascadeCore
import Testing

struct DistributionTests {
    @Test func theSmallestSetWithTheShareStays() throws {
        let row = try #require(Distribution(tokens: [2, 5, 7, 9], weights: [0.1, 0.5, 0.05, 0.35]))
        #expect(row.cut(toShare: 0.5).tokens == [5])
        #expect(row.cut(toShare: 0.6).tokens == [5, 9])
        #expect(row.cut(toShare: 0.9).tokens == [2, 5, 9])
        #expect(row.cut(toShare: 1) == row)
        // Weights are kept as they are: whoever reads the row divides by its own sum.
        #expect(row.cut(toShare: 0.6).weights == [0.5, 0.35])
    }

    @Test func ofEqualsTheFirstStay() throws {
        let row = try #require(Distribution(tokens: [1, 2, 3, 4], weights: [1, 1, 1, 1]))
        #expect(row.cut(toShare: 0.5).tokens == [1, 2])
        #expect(row.cut(toShare: 0).tokens == [1])
    }

    @Test func whatIsCutHasNoMoreThanTheRest() throws {
        var random = SplitMix64(seed: 7)
        for _ in 0..<200 {
            let count = 1 + Int(random.next() % 300)
            let weights = (0..<count).map { _ in Float(random.next() % 1_000 + 1) / 1_000 }
            let row = try #require(Distribution(tokens: (0..<count).map { Token($0 * 3) }, weights: weights))
            for share in [0.3, 0.9, 1 - 1e-4] {
                let cut = row.cut(toShare: share)
                #expect(cut.total >= share * row.total)
                let least = try #require(cut.weights.min())
                #expect(cut.total - Double(least) < share * row.total)
                #expect(Set(cut.tokens).isSubset(of: row.tokens))
            }
        }
    }
}
