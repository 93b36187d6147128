import CCascadeKernels
import CascadeTestSupport
import Foundation
import Testing

@testable import CascadeModel

/// What happens between the products.
struct LayerKernelTests {
    // MARK: Quantising

    @Test(arguments: TestKernels.all, [false, true])
    func codesAreNearestOnTheBlocksScale(_ kernels: TestKernels, _ wide: Bool) {
        var random = SeededGenerator(seed: 51)
        let (columns, k, stride) = (11, 512, 530)
        var x = random.activations(columns * stride)
        for index in 0..<32 { x[3 * stride + 64 + index] = 0 }
        var blocks = [csk_block](repeating: csk_block(), count: columns * k / 32)
        // In parts, as threads do it.
        for (first, last) in [(0, 4), (4, 11)] {
            kernels.table.quantise(x, stride, columns, k, first, last, 0, 8, wide, &blocks)
            kernels.table.quantise(x, stride, columns, k, first, last, 8, 16, wide, &blocks)
        }
        for column in 0..<columns {
            for block in 0..<k / 32 {
                let entry = blocks[blockIndex(column: column, block: block, columns: columns, blocks: k / 32)]
                let start = column * stride + block * 32
                let scaleStart = column * stride + (wide ? block / 8 * 256 : block * 32)
                let largest = x[scaleStart..<scaleStart + (wide ? 256 : 32)].map(abs).max() ?? 0
                let exact = Double(largest) / 127
                #expect(abs(Double(entry.scale) - exact) <= exact * (wide ? 1e-6 : 5e-4) + 1e-7)
                let q = codes(entry)
                for index in 0..<32 {
                    #expect(abs(Double(x[start + index]) - exact * Double(q[index])) <= exact * 0.5001)
                }
                let found = [entry.pair_sums.0, entry.pair_sums.1, entry.pair_sums.2, entry.pair_sums.3]
                #expect(found.map(Int.init) == (0..<4).map { pairSum(q, part: $0) })
                guard wide, block % 2 == 0 else { continue }
                let next = blockIndex(column: column, block: block + 1, columns: columns, blocks: k / 32)
                let low = UInt32(truncatingIfNeeded: q.reduce(0, +)) & 0xFFFF
                let high = UInt32(truncatingIfNeeded: codes(blocks[next]).reduce(0, +)) << 16
                #expect(UInt32(bitPattern: entry.sums) == low | high)
            }
        }
    }

    /// Sum of a half block's even (part 0, 2) or odd (1, 3) pairs of codes.
    private func pairSum(_ q: [Int], part: Int) -> Int {
        let first = part / 2 * 16 + part % 2 * 2
        return (0..<4).reduce(0) { sum, group in sum + q[first + 4 * group] + q[first + 4 * group + 1] }
    }

    @Test(arguments: TestKernels.all, [false, true])
    func brokenActivationsShowInTheScale(_ kernels: TestKernels, _ wide: Bool) {
        var broken = [Float.nan, -.nan, .infinity, -.infinity]
        // Its narrow scale is finite, but more than binary16 has.
        if !wide { broken.append(1e9) }
        for value in broken {
            var x = [Float](repeating: 1, count: 256)
            x[19] = value
            var blocks = [csk_block](repeating: csk_block(), count: 8)
            kernels.table.quantise(x, 256, 1, 256, 0, 1, 0, 8, wide, &blocks)
            let scale = blocks[0].scale
            #expect(!scale.isFinite)
            guard !wide else { continue }
            let sum = blocks[0].sum
            #expect(scale.isNaN && sum.isNaN)
        }
    }

    // MARK: Norm, gate, rotation

    @Test(arguments: TestKernels.all)
    func normDividesByRootMeanSquare(_ kernels: TestKernels) {
        var random = SeededGenerator(seed: 52)
        for n in [16, 48, 896] {
            let x = random.activations(n)
            let weight = random.activations(n)
            var out = [Float](repeating: 0, count: n)
            kernels.table.rms_norm(x, weight, n, 1e-6, &out)
            let mean = x.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(n)
            for index in 0..<n {
                let exact = Double(x[index]) * Double(weight[index]) / (mean + 1e-6).squareRoot()
                #expect(abs(Double(out[index]) - exact) <= 1e-6 * abs(exact))
            }
        }
    }

    @Test(arguments: TestKernels.all)
    func gateIsSigmoidWeighted(_ kernels: TestKernels) {
        let gate = (0..<1_600).map { Float($0 - 800) / 7 }
        let up = gate.map { 1 + $0 / 100 }
        var out = [Float](repeating: 0, count: gate.count)
        kernels.table.silu_multiply(gate, up, gate.count, &out)
        for index in gate.indices {
            let g = Double(gate[index])
            let exact = g / (1 + exp(-g)) * Double(up[index])
            #expect(abs(Double(out[index]) - exact) <= 1e-6 * abs(exact) + 1e-30, "gate \(g)")
        }
    }

    @Test(arguments: TestKernels.all, [false, true])
    func rotationTurnsPairs(_ kernels: TestKernels, _ interleaved: Bool) {
        var random = SeededGenerator(seed: 53)
        let (heads, size, pairs) = (3, 32, 12)
        let x = random.activations(heads * size)
        let angles = (0..<pairs).map { Double($0) * 0.7 }
        var out = x
        kernels.table.rotate(
            &out,
            heads,
            size,
            pairs,
            angles.map { Float(cos($0)) },
            angles.map { Float(sin($0)) },
            interleaved
        )
        for head in 0..<heads {
            for index in 0..<size where index >= 2 * pairs {
                #expect(out[head * size + index] == x[head * size + index])
            }
            for pair in 0..<pairs {
                let first = head * size + (interleaved ? 2 * pair : pair)
                let second = first + (interleaved ? 1 : pairs)
                let (a, b) = (Double(x[first]), Double(x[second]))
                #expect(abs(Double(out[first]) - (a * cos(angles[pair]) - b * sin(angles[pair]))) < 1e-5)
                #expect(abs(Double(out[second]) - (a * sin(angles[pair]) + b * cos(angles[pair]))) < 1e-5)
            }
        }
    }

    // MARK: Scalar functions

    @Test func halvesAreRoundedToNearestEven() {
        var random = SeededGenerator(seed: 54)
        var values: [Float] = [
            0, -0.0, 1, -1, 65_504, 65_519, 5.96e-8, 2.98e-8, 2.99e-8, 6.1e-5, Float(bitPattern: 71_362),
        ]
        for half in UInt16(0)..<0x7C00 {
            let value = Float(Float16(bitPattern: half))
            #expect(csk_from_half(half) == value)
            let next = Float(Float16(bitPattern: min(half + 1, 0x7BFF)))
            values += [value, -value, (value + next) / 2, ((value + next) / 2).nextUp, ((value + next) / 2).nextDown]
        }
        for _ in 0..<10_000 { values.append(Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))) }
        for value in values where abs(value) < 65_520 {
            #expect(csk_to_half(value) == Float16(value).bitPattern, "\(value)")
        }
        // No infinities: a page of the cache holds numbers.
        #expect(csk_to_half(.infinity) == Float16(65_504).bitPattern)
        #expect(csk_to_half(-1e30) == Float16(-65_504).bitPattern)
        #expect(Float16(bitPattern: csk_to_half(.nan)).isNaN)
    }

    @Test func sineAndCosineAreExactEnough() {
        var worst = 0.0
        for step in 0..<200_000 {
            let x = Double(step) * 1.618_033 - 160_000
            var (sine, cosine) = (0.0, 0.0)
            csk_sincos(x, &sine, &cosine)
            worst = max(worst, abs(sine - sin(x)), abs(cosine - cos(x)))
        }
        #expect(worst < 1e-15)
    }

    @Test(arguments: TestKernels.all)
    func setsAgreeBitForBit(_ kernels: TestKernels) {
        func results(_ table: csk_kernels) -> [UInt32] {
            var random = SeededGenerator(seed: 55)
            let n = 1_024
            let (x, y) = (random.activations(n), random.activations(n))
            var out = [[Float]](repeating: x, count: 4)
            table.rms_norm(x, y, n, 1e-6, &out[0])
            table.silu_multiply(x.map { $0 * 9 }, y, n, &out[1])
            table.rotate(&out[2], 16, 64, 32, Array(y[..<32]), Array(y[32..<64]), true)
            table.rotate(&out[3], 16, 64, 32, Array(y[..<32]), Array(y[32..<64]), false)
            var blocks = [csk_block](repeating: csk_block(), count: n / 32)
            table.quantise(x, n, 1, n, 0, 1, 0, n / 32, false, &blocks)
            let codes = blocks.flatMap { block in withUnsafeBytes(of: block) { $0.map(UInt32.init) } }
            return out.flatMap { $0.map(\.bitPattern) } + codes
        }
        #expect(results(kernels.table) == results(TestKernels.generic))
    }
}
