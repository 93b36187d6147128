import CascadeCore

/// The same number for every key.
struct FixedDraws: DrawSource {
    var u: Double

    func uniform(_ key: DrawKey) -> Double { u }
    func race(_ row: Distribution, _ key: DrawKey) -> Int { row.index(at: u) }
}

/// A planted bug: keys that lack the round's base length.
struct BaselessDraws<Source: DrawSource>: DrawSource {
    var source: Source

    func uniform(_ key: DrawKey) -> Double {
        var key = key
        key.base = 0
        return source.uniform(key)
    }

    func race(_ row: Distribution, _ key: DrawKey) -> Int { source.race(row, key) }
}

/// Seeded numbers for test inputs.
struct Dice: RandomNumberGenerator {
    private let seed: UInt64
    private var count: UInt32 = 0

    init(_ seed: UInt64) {
        self.seed = seed
    }

    mutating func next() -> UInt64 {
        count += 1
        let block = Philox.block(
            SIMD4(count, 0, 0, 0),
            key: SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(seed >> 32))
        )
        return UInt64(block.x) << 32 | UInt64(block.y)
    }

    /// A number of the standard exponential law.
    mutating func exponential() -> Double {
        -Math.log1p(-Double.random(in: 0..<1, using: &self))
    }
}
