import Foundation
import Testing

@testable import CascadeCore

/// Our logarithm and exponential against the C library's.
struct MathTests {
    /// Distance in representable numbers; 0 for two NaNs or equal values.
    private func ulps(_ a: Double, _ b: Double) -> UInt64 {
        if a == b || (a.isNaN && b.isNaN) { return 0 }
        guard a.isFinite, b.isFinite else { return .max }
        func order(_ x: Double) -> Int64 {
            let bits = Int64(bitPattern: x.bitPattern)
            return bits < 0 ? Int64.min - bits : bits
        }
        return (order(a) - order(b)).magnitude
    }

    private func worst(_ inputs: some Sequence<Double>, _ ours: (Double) -> Double, _ theirs: (Double) -> Double) -> (
        ulps: UInt64, at: Double
    ) {
        var worst = (ulps: UInt64(0), at: 0.0)
        for x in inputs {
            let distance = ulps(ours(x), theirs(x))
            if distance > worst.ulps { worst = (distance, x) }
        }
        return worst
    }

    /// Numbers of every size: random bit patterns of positive doubles, subnormal ones included.
    private func anySize(_ seed: UInt64, _ count: Int) -> [Double] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in Double(bitPattern: random.next() & 0x7FFF_FFFF_FFFF_FFFF) }
            .filter { $0.isFinite }
    }

    private func uniform(_ seed: UInt64, _ range: ClosedRange<Double>, _ count: Int) -> [Double] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in Double.random(in: range, using: &random) }
    }

    /// Numbers whose distance from 0 runs over many binary orders, of both signs.
    private func near(_ seed: UInt64, _ count: Int, largest: Double) -> [Double] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { index in
            let size = Double.random(in: 0.5...1, using: &random) * largest * Foundation.pow(2, -Double(index % 1060))
            return index % 2 == 0 ? size : -size
        }
    }

    private let limits: [Double] = [
        0, -0.0, 1, 2, 0.5, -1, -2, .leastNonzeroMagnitude, .leastNormalMagnitude, .greatestFiniteMagnitude, .infinity,
        -.infinity, .nan, 1.0.nextUp, 1.0.nextDown, 2.0.squareRoot(), 0.5.squareRoot(), -0.29, 0.41, .ulpOfOne,
        (-1.0).nextUp, 0x1p53, 0x1p54,
    ]

    @Test func logIsTheLibrarys() {
        let inputs =
            limits + anySize(1, 400_000) + uniform(2, 0.5...2, 400_000) + near(3, 200_000, largest: 0.5).map { 1 + $0 }
        let found = worst(inputs, Math.log, Foundation.log)
        #expect(found.ulps <= 2, "at \(found.at)")
    }

    @Test func log1pIsTheLibrarys() {
        let inputs =
            limits + anySize(4, 400_000) + uniform(5, -1...1, 400_000) + near(6, 400_000, largest: 1)
            + near(7, 10_000, largest: 0.5).map { -1 + abs($0) }
        let found = worst(inputs, Math.log1p, Foundation.log1p)
        #expect(found.ulps <= 2, "at \(found.at)")
    }

    @Test func expIsTheLibrarys() {
        let edges = [
            709.782712893384, 709.7827128933841, -708.4, -745.1332191019411, -745.1332191019412, -745.14, 1e300,
        ]
        let inputs =
            limits + edges + uniform(8, -746...710, 400_000) + uniform(9, -1...1, 400_000)
            + uniform(10, -745.2...(-707), 100_000) + near(11, 200_000, largest: 1)
        let found = worst(inputs, Math.exp, Foundation.exp)
        #expect(found.ulps <= 2, "at \(found.at)")
    }

    @Test func limitsAreExact() {
        #expect(Math.log(0) == -.infinity && Math.log(-1).isNaN && Math.log(.infinity) == .infinity)
        #expect(Math.log(1) == 0 && Math.log1p(0) == 0 && Math.exp(0) == 1)
        #expect(Math.log1p(-1) == -.infinity && Math.log1p(-1.5).isNaN)
        #expect(Math.exp(-.infinity) == 0 && Math.exp(.infinity) == .infinity && Math.exp(.nan).isNaN)
    }
}
