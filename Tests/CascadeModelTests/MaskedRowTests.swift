import CascadeCore
import CascadeTestSupport
import Testing

@testable import CascadeModel

/// Rows of logits under a mask: they are those of a head that has the allowed tokens alone.
struct MaskedRowTests {
    private static func words(_ tokens: [Token], count: Int) -> [UInt64] {
        var words = [UInt64](repeating: 0, count: (count + 63) / 64)
        for token in tokens { words[Int(token / 64)] |= 1 << UInt64(token % 64) }
        return words
    }

    @Test(arguments: TestKernels.all)
    func aMaskIsASmallerHead(_ kernels: TestKernels) throws {
        var random = SeededGenerator(seed: 77)
        let chains = [
            SamplingSettings(temperature: 0), SamplingSettings(temperature: 1),
            SamplingSettings(temperature: 0.7, topK: 9, topP: 0.9, minP: 0.01),
        ]
        for size in [1, 15, 64, 65, 1_003] {
            let logits = (0..<size).map { _ in Float.random(in: -12...9, using: &random) }
            for share in [0.02, 0.5, 0.99] {
                var allowed = (0..<Token(size)).filter { _ in Double.random(in: 0..<1, using: &random) < share }
                if allowed.isEmpty { allowed = [Token(size - 1)] }
                let kept = allowed.map { logits[Int($0)] }
                try logits.withUnsafeBufferPointer { whole in
                    let row = try LogitsRow(whole, kernels: kernels.kernelSet)
                    let masked = try #require(row.masked(by: Self.words(allowed, count: size)))
                    try kept.withUnsafeBufferPointer { part in
                        let plain = try LogitsRow(part, headTokens: allowed, kernels: kernels.kernelSet)
                        #expect(masked.argmax == plain.argmax && masked.total == plain.total)
                        #expect(masked.maximumProbability == plain.maximumProbability)
                        #expect(masked.top(5).map(\.token) == plain.top(5).map(\.token))
                        for chain in chains { #expect(masked.distribution(chain) == plain.distribution(chain)) }
                    }
                    for token in 0..<Token(size) where !allowed.contains(token) {
                        #expect(masked.probability(of: token) == 0)
                    }
                    #expect(masked.entropy().isFinite && masked.rank(of: allowed[0]) >= 1)
                }
            }
        }
    }

    /// A trimmed head keeps its own of the allowed tokens; where it has none of them there is no row. Words that are
    /// too few, as of a smaller vocabulary, allow nothing behind them.
    @Test func headsAndEnds() throws {
        let (head, logits): ([Token], [Float]) = ([3, 70, 200], [1, 3, 2])
        let kernels = try #require(TestKernels.all.first)
        try logits.withUnsafeBufferPointer { buffer in
            let row = try LogitsRow(buffer, headTokens: head, kernels: kernels.kernelSet)
            let masked = try #require(row.masked(by: Self.words([3, 5, 200], count: 256)))
            #expect(masked.argmax == 200 && masked.count == 2)
            #expect(masked.distribution(SamplingSettings(temperature: 1)).tokens == [3, 200])
            #expect(row.masked(by: Self.words([4, 5, 100], count: 256)) == nil)
            #expect(row.masked(by: Self.words([3, 70], count: 71))?.count == 2)
            #expect(row.masked(by: []) == nil)
            #expect(row.masked(by: Self.words(head, count: 256))?.count == 3)
        }
    }
}
