import Testing

@testable import CascadeCore

struct PhiloxDrawsTests {
    private let draws = PhiloxDraws(seed: 0x0123_4567_89AB_CDEF)

    @Test func keysSpellTheCounter() {
        var key = DrawKey(.residual, position: 70, base: 65, sample: 9)
        key.index = 3
        key.lane = 2
        let word = Philox.block(SIMD4(70, 65, 2 << 24 + 9, 3), key: SIMD2(0x89AB_CDEF, 0x0123_4567)).z
        #expect(draws.uniform(key) == (Double(word) + 0.5) / 4_294_967_296)
    }

    @Test func tokenDrawsCarryNoBase() {
        let key = DrawKey(.token, position: 5, base: 4, sample: 0)
        #expect(key == DrawKey(.token, position: 5, base: 3, sample: 0))
        #expect(key.entrant(11).index == 2 && key.entrant(11).lane == 3)
        #expect(DrawKey(.coin, position: 5, base: 4, sample: 0) != DrawKey(.coin, position: 5, base: 3, sample: 0))
    }

    @Test func everyPartOfTheKeyCounts() {
        var numbers: Set<Double> = []
        for purpose in DrawKey.Purpose.allCases {
            for position in [0, 1] {
                for base in [0, 1] {
                    for sample: UInt32 in [0, 1] {
                        numbers.insert(draws.uniform(DrawKey(purpose, position: position, base: base, sample: sample)))
                    }
                }
            }
        }
        #expect(numbers.count == 3 * 8 + 4)
        #expect(!numbers.contains(PhiloxDraws(seed: 1).uniform(DrawKey(.draft, position: 0, base: 0, sample: 0))))
    }

    @Test func numbersAreUniform() {
        var cells = [Int](repeating: 0, count: 64)
        let count = 256_000
        for position in 0..<count {
            let u = draws.uniform(DrawKey(.coin, position: position, base: position / 5, sample: 1))
            #expect(u > 0 && u < 1)
            cells[Int(u * 64)] += 1
        }
        let expected = Double(count) / 64
        let square = cells.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
        #expect(square < 63 + 3.5 * (2.0 * 63).squareRoot(), "chi-square \(square) of 63 degrees")
    }

    @Test func drawsByInverseDistributionFunction() throws {
        let row = try #require(Distribution(tokens: [2, 5, 9], weights: [1, 2, 5]))
        let drawn = (0..<8).map { row.tokens[row.index(at: (Double($0) + 0.5) / 8)] }
        #expect(drawn == [2, 5, 5, 9, 9, 9, 9, 9])
        #expect(row.index(at: 1.0.nextDown) == 2 && row.index(at: 0x1p-33) == 0)
    }

    /// The race without its short cut: every entrant's time, the earliest wins.
    private func plainRace(_ row: Distribution, _ key: DrawKey) -> Int {
        let times = row.tokens.indices.map { index in
            -Math.log1p(-draws.uniform(key.entrant(row.tokens[index]))) / Double(row.weights[index])
        }
        return times.indices.min { times[$0] < times[$1] } ?? 0
    }

    @Test func raceIsTheFirstToArrive() throws {
        var random = SplitMix64(seed: 21)
        for round in 0..<300 {
            let tokens = (0..<200).filter { _ in Bool.random(using: &random) }.map(Token.init)
            let weights = tokens.map { _ in Float.random(in: 0.001...1, using: &random) * (round % 3 == 0 ? 1e-30 : 1) }
            let row = try #require(Distribution(tokens: tokens, weights: weights))
            let key = DrawKey(.token, position: round, base: 0, sample: 0)
            #expect(draws.race(row, key) == plainRace(row, key))
        }
    }

    @Test func raceDrawsFromTheRow() throws {
        let row = try #require(Distribution(tokens: [0, 3, 4, 7, 100], weights: [1, 2, 3, 4, 6]))
        let count = 160_000
        var won = [Int](repeating: 0, count: 5)
        for position in 0..<count {
            won[draws.race(row, DrawKey(.token, position: position, base: 0, sample: 3))] += 1
        }
        var square = 0.0
        for index in won.indices {
            let expected = row.probability(at: index) * Double(count)
            square += (Double(won[index]) - expected) * (Double(won[index]) - expected) / expected
        }
        #expect(square < 4 + 3.5 * 8.0.squareRoot(), "chi-square \(square) of 4 degrees")
    }

    @Test func racesOfOneTokenAndOfEqualNumbers() throws {
        let key = DrawKey(.token, position: 1, base: 0, sample: 0)
        #expect(draws.race(Distribution(oneHot: 77), key) == 0)
        // A token's number does not depend on the others: taking away losers leaves the winner.
        let tokens = Array(0..<Token(100))
        let row = try #require(Distribution(tokens: tokens, weights: tokens.map { Float($0 % 7 + 1) }))
        let winner = row.tokens[draws.race(row, key)]
        let rest = tokens.filter { $0 % 2 == winner % 2 }
        let fewer = try #require(Distribution(tokens: rest, weights: rest.map { Float($0 % 7 + 1) }))
        #expect(fewer.tokens[draws.race(fewer, key)] == winner)
    }

    @Test func raceOverAVocabularyIsQuick() throws {
        let tokens = Array(0..<Token(151_936))
        let row = try #require(Distribution(tokens: tokens, weights: tokens.map { Float($0 % 1000 + 1) }))
        let elapsed = (0..<5).map { position in
            ContinuousClock().measure { _ = draws.race(row, DrawKey(.token, position: position, base: 0, sample: 0)) }
        }
        let best = try #require(elapsed.min())
        print("race over \(tokens.count) tokens: \(best)")
        #expect(best < .milliseconds(20))
    }
}
