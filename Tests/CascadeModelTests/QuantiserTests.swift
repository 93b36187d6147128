import CCascadeKernels
import CascadeTestSupport
import Testing

@testable import CascadeModel

/// Rounding to Q4_0, against plain rounding.
struct QuantiserTests {
    private func quantised(_ numbers: [Float]) -> [Float] {
        var bytes = [UInt8](repeating: 0, count: numbers.count / 32 * 18)
        #expect(csk_quantise_q4_0(numbers, numbers.count, &bytes))
        return bytes.withUnsafeBytes { Dequantise.numbers(.q4_0, $0) }
    }

    /// The number of largest magnitude becomes code 0, all others the nearest code.
    private func plainlyRounded(_ block: ArraySlice<Float>) -> [Float] {
        let extreme = block.max { abs($0) < abs($1) } ?? 0
        let scale = Float(Float16(extreme / -8))
        return block.map { scale == 0 ? 0 : scale * min(max(($0 / scale).rounded(), -8), 7) }
    }

    private func squareError(_ a: some Sequence<Float>, _ b: some Sequence<Float>) -> Double {
        zip(a, b).reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
    }

    @Test func errorIsBelowPlainRoundings() {
        var random = SeededGenerator(seed: 81)
        // Sums of uniform numbers are nearly Gaussian, as weights are.
        let numbers = (0..<32 * 2_000).map { _ in
            (0..<8).reduce(Float(0)) { sum, _ in sum + Float.random(in: -0.02...0.02, using: &random) }
        }
        let found = quantised(numbers)
        var (error, plain, size) = (0.0, 0.0, 0.0)
        for start in stride(from: 0, to: numbers.count, by: 32) {
            let block = numbers[start..<start + 32]
            let (own, other) = (
                squareError(block, found[start..<start + 32]), squareError(block, plainlyRounded(block))
            )
            error += own
            plain += other
            size += squareError(block, repeatElement(0, count: 32))
            // The few candidates may all miss plain rounding's scale, but not by far.
            #expect(own <= 1.25 * other, "block \(start / 32)")
        }
        #expect(error < 0.92 * plain)
        #expect((error / size).squareRoot() < 0.085)
    }

    @Test func representableNumbersStayAsTheyAre() {
        var random = SeededGenerator(seed: 82)
        for scale in [Float(0.0625), -0.0078125, 3.5] {
            var codes = (0..<32).map { _ in Int.random(in: -8...7, using: &random) }
            codes[5] = -8
            let numbers = codes.map { scale * Float($0) }
            #expect(quantised(numbers) == numbers)
        }
        #expect(quantised([Float](repeating: 0, count: 64)) == [Float](repeating: 0, count: 64))
    }

    @Test func tinyAndHugeNumbersGiveFiniteWeights() {
        for magnitude in [Float.leastNonzeroMagnitude, 1e-30, 1e-7, 6e4, 1e30] {
            let numbers = (0..<32).map { magnitude * Float($0 - 16) / 16 }
            #expect(quantised(numbers).allSatisfy { $0.isFinite }, "\(magnitude)")
        }
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity])
    func brokenNumbersAreRefused(_ value: Float) {
        for place in [0, 31, 32, 63] {
            var numbers = [Float](repeating: 1, count: 64)
            numbers[place] = value
            var bytes = [UInt8](repeating: 0, count: 36)
            #expect(!csk_quantise_q4_0(numbers, 64, &bytes))
        }
    }
}
