import CascadeTestSupport
import Foundation
import Testing

@testable import CascadeModel

/// The formula of SLED by itself.
struct LogitsEvolutionTests {
    private func logits(_ count: Int, _ random: inout SeededGenerator) -> [Float] {
        (0..<count).map { _ in Float.random(in: -8...8, using: &random) }
    }

    @Test func equalsThePapersForm() {
        var random = SeededGenerator(seed: 41)
        for _ in 0..<200 {
            let count = Int.random(in: 1...64, using: &random)
            let final = logits(count, &random)
            let exits = (0..<Int.random(in: 1...4, using: &random)).map { _ in logits(count, &random) }
            let rate = Double.random(in: 0...10, using: &random)
            let expected = SLEDReference.evolved(final, exits: exits, rate: rate)
            let found = LogitsEvolution.evolved(final, exits: exits, rate: rate)
            #expect(zip(found, expected).allSatisfy { abs(Double($0) - $1) < 1e-5 })
        }
    }

    /// With two tokens every direction that agrees points to the one whose logit grew: latent = (1, 0).
    @Test func twoTokensByHand() {
        let moved = LogitsEvolution.evolved([2, 1], exits: [[0, 0]], rate: 1)
        let first = 1 / (1 + exp(-1.0))
        #expect(abs(Double(moved[0] - moved[1]) - (1 + 2 * (1 - first))) < 1e-6)
    }

    @Test func theTokensTogetherStayAsLikely() {
        var random = SeededGenerator(seed: 42)
        for rate in [0.5, 2, 50] {
            let final = logits(64, &random)
            let moved = LogitsEvolution.evolved(final, exits: [logits(64, &random)], rate: rate)
            #expect(moved != final)
            let mass = [final, moved].map { $0.reduce(0) { $0 + exp(Double($1)) } }
            #expect(abs(mass[1] / mass[0] - 1) < 1e-5)
        }
    }

    @Test func staysWhereNothingIsSaid() {
        var random = SeededGenerator(seed: 43)
        let final = logits(64, &random)
        #expect(LogitsEvolution.evolved(final, exits: [final, final], rate: 2) == final)
        #expect(LogitsEvolution.evolved(final, exits: [logits(64, &random)], rate: 0) == final)
        #expect(LogitsEvolution.evolved([3], exits: [[-40]], rate: 2) == [3])
    }

    /// A layer that is certain of one token leaves directions of no length; nothing but numbers may come out.
    @Test func certainLayersGiveNumbers() {
        let certain: [Float] = [2_000, 0, -2_000]
        for final: [Float] in [[1, 2, 3], [2_000, 0, -2_000], [-2_000, 0, 2_000]] {
            let moved = LogitsEvolution.evolved(final, exits: [certain], rate: 2)
            #expect(moved.allSatisfy { $0.isFinite })
        }
    }
}
