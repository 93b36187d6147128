import CascadeCore
import CascadeTestSupport
import Foundation
import Testing

@testable import CascadeModel

/// Statistics and processed rows of logits, against their definitions.
struct LogitsRowTests {
    /// Vocabularies around a vector's 16 lanes, with ties.
    private static let sizes = [1, 2, 15, 16, 17, 512, 1_003, 32_003]

    private func logits(_ count: Int, _ random: inout SeededGenerator) -> [Float] {
        // Rounded to quarters now and then, so that equal logits occur.
        let coarse = Bool.random(using: &random)
        return (0..<count).map { _ in
            let value = Float.random(in: -12...6, using: &random)
            return coarse ? (value * 4).rounded() / 4 : value
        }
    }

    private func withRow<Result>(
        _ logits: [Float],
        _ kernels: TestKernels,
        _ body: (LogitsRow) throws -> Result
    ) throws -> Result {
        try logits.withUnsafeBufferPointer { try body(LogitsRow($0, kernels: kernels.kernelSet)) }
    }

    @Test(arguments: TestKernels.all)
    func statisticsAreTheSoftmaxs(_ kernels: TestKernels) throws {
        var random = SeededGenerator(seed: 71)
        for size in LogitsRowTests.sizes {
            let logits = logits(size, &random)
            let largest = Double(logits.max() ?? 0)
            let total = logits.reduce(0.0) { $0 + exp(Double($1) - largest) }
            let p = logits.map { exp(Double($0) - largest) / total }
            let entropy = p.reduce(0.0) { $1 > 0 ? $0 - $1 * log($1) : $0 }
            try withRow(logits, kernels) { row in
                #expect(row.argmax == Token(logits.firstIndex(of: Float(largest)) ?? -1))
                #expect(abs(row.maximumProbability - p[Int(row.argmax)]) < 1e-6)
                #expect(abs(row.logSumExp - (largest + log(total))) < 1e-6)
                #expect(abs(row.entropy() - entropy) < 1e-5)
                for token in 0..<min(size, 100) {
                    #expect(abs(row.probability(of: Token(token)) - p[token]) < 1e-6 * p[token] + 1e-12)
                    #expect(abs(row.logProbability(of: Token(token)) - log(p[token])) < 1e-5)
                }
                let top = row.top(20)
                let expected = logits.indices.sorted { (logits[$1], $0) < (logits[$0], $1) }.prefix(20)
                #expect(top.map { Int($0.token) } == Array(expected))
            }
        }
    }

    @Test(arguments: TestKernels.all)
    func ranksArePlacesInTheOrderOfAll(_ kernels: TestKernels) throws {
        var random = SeededGenerator(seed: 73)
        for size in LogitsRowTests.sizes {
            var logits = logits(size, &random)
            // The extremes, zeros of both signs, and many equals.
            if size > 16 { logits.replaceSubrange(3..<9, with: [0, -0.0, .greatestFiniteMagnitude, 0, -1e30, 0]) }
            let order = logits.indices.sorted { (logits[$1], $0) < (logits[$0], $1) }
            try withRow(logits, kernels) { row in
                for (place, token) in order.enumerated() where place < 60 || place > size - 60 {
                    #expect(row.rank(of: Token(token)) == place + 1, "\(size), token \(token)")
                }
                #expect(row.rank(of: Token(size)) == size + 1)
            }
        }
    }

    @Test func aTrimmedHeadRanksItsOwnTokens() throws {
        let logits: [Float] = [1, 3, 2]
        try logits.withUnsafeBufferPointer { buffer in
            let row = try LogitsRow(buffer, headTokens: [4, 8, 90], kernels: TestKernels.all[0].kernelSet)
            #expect([4, 8, 90, 5].map { row.rank(of: $0) } == [3, 1, 2, 4])
        }
    }

    @Test(arguments: TestKernels.all)
    func processedRowFollowsTheChain(_ kernels: TestKernels) throws {
        var random = SeededGenerator(seed: 72)
        let chains = [
            SamplingSettings(temperature: 1), SamplingSettings(temperature: 0.7, topK: 5),
            SamplingSettings(temperature: 1.3, topP: 0.9), SamplingSettings(temperature: 1, minP: 0.05),
            SamplingSettings(temperature: 0.5, topK: 40, topP: 0.8, minP: 0.02),
            SamplingSettings(temperature: 2, topK: 300, topP: 0.999), SamplingSettings(temperature: 0),
            SamplingSettings(temperature: 0.05, topP: 0.5, minP: 0.3),
        ]
        for size in LogitsRowTests.sizes {
            let logits = logits(size, &random)
            for chain in chains {
                for support in [nil, 1, 7, 64] as [Int?] {
                    let row = try withRow(logits, kernels) { $0.distribution(chain, support: support) }
                    let expected = reference(logits, chain, support)
                    #expect(row.tokens == expected.map(\.0), "\(size) \(chain) \(String(describing: support))")
                    for (index, entry) in expected.enumerated() where index < row.tokens.count {
                        #expect(abs(row.probability(at: index) - entry.1) < 2e-6)
                    }
                }
            }
        }
    }

    /// The chain of decisions.md 8d, token by token in double precision.
    private func reference(_ logits: [Float], _ chain: SamplingSettings, _ support: Int?) -> [(Token, Double)] {
        var ranked = logits.indices.sorted { (logits[$1], $0) < (logits[$0], $1) }
        let largest = Double(logits[ranked[0]])
        func weight(_ index: Int, _ temperature: Double) -> Double {
            exp((Double(logits[index]) - largest) / temperature)
        }
        if chain.temperature == 0 { return [(Token(ranked[0]), 1)] }
        if chain.topK > 0 { ranked = Array(ranked.prefix(chain.topK)) }
        if chain.topP < 1 {
            let total = ranked.reduce(0.0) { $0 + weight($1, 1) }
            var mass = 0.0
            let end = ranked.firstIndex { index in
                mass += weight(index, 1)
                return mass >= chain.topP * total
            }
            ranked = Array(ranked.prefix((end ?? ranked.count - 1) + 1))
        }
        ranked = ranked.filter { weight($0, 1) >= chain.minP }
        if let support { ranked = Array(ranked.prefix(support)) }
        // What vanishes in single precision is left out.
        ranked = ranked.filter { (Double(logits[$0]) - largest) / chain.temperature >= -87 }.sorted()
        let total = ranked.reduce(0.0) { $0 + weight($1, chain.temperature) }
        return ranked.map { (Token($0), weight($0, chain.temperature) / total) }
    }

    @Test(arguments: TestKernels.all)
    func setsAgreeBitForBit(_ kernels: TestKernels) throws {
        func results(_ kernels: TestKernels) throws -> [UInt64] {
            var random = SeededGenerator(seed: 73)
            let logits = logits(5_003, &random)
            return try withRow(logits, kernels) { row in
                let settings = SamplingSettings(temperature: 0.8, topP: 0.95)
                let weights = row.distribution(settings).weights.map { UInt64($0.bitPattern) }
                return weights + [row.total.bitPattern, row.entropy().bitPattern, row.logSumExp.bitPattern]
            }
        }
        #expect(try results(kernels) == results(TestKernels.all[TestKernels.all.count - 1]))
    }

    @Test(arguments: TestKernels.all, [Float.nan, .infinity, -.infinity])
    func brokenLogitsAreRefused(_ kernels: TestKernels, _ value: Float) throws {
        for position in [0, 15, 16, 30] {
            var logits = [Float](repeating: 1, count: 31)
            logits[position] = value
            #expect(throws: ModelError.nonFiniteLogits) { try withRow(logits, kernels) { $0.argmax } }
        }
    }

    /// A row of a real vocabulary costs about what its exponentials cost, each computed once by itself: what runs over
    /// the row again and again, or sorts it, costs many times that.
    @Test func wholeVocabularyIsQuick() throws {
        func milliseconds(_ body: () -> Void) -> Double { ContinuousClock().measure(body) / Duration.milliseconds(1) }
        var random = SeededGenerator(seed: 74)
        let values = (0..<151_936).map { _ in Float.random(in: -10...5, using: &random) }
        try withRow(values, TestKernels.all[0]) { row in
            var (plain, whole, total) = (Double.infinity, Double.infinity, 0.0)
            // By turns, so that whatever else the machine does is beside both.
            for _ in 0..<10 {
                plain = min(plain, milliseconds { total += values.reduce(0) { $0 + exp(Double($1) - 5) } })
                var count = 0
                whole = min(
                    whole,
                    milliseconds { count = row.distribution(SamplingSettings(temperature: 1)).tokens.count }
                )
                #expect(count == values.count)
            }
            print("a row of \(values.count) tokens at temperature 1: \(whole) ms; its exponentials: \(plain) ms")
            #expect(total > 0)
            #expect(whole < 5 * plain)
        }
    }
}
