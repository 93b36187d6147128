/// The random numbers of one seed: Philox with key = seed and
/// counter = (position, base, purpose * 2^24 + sample, index).
package struct PhiloxDraws: DrawSource {
    private let key: SIMD2<UInt32>

    /// Creates the source of `seed`.
    package init(seed: UInt64) {
        key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    }

    package func uniform(_ key: DrawKey) -> Double {
        Self.unit(block(key)[Int(key.lane % 4)])
    }

    package func race(_ row: Distribution, _ key: DrawKey) -> Int {
        let tokens = row.tokens
        let weights = row.weights
        var block = SIMD4<UInt32>()
        var blockIndex: UInt32?
        var winner = 0
        var best = Double.infinity
        for position in tokens.indices {
            let entrant = key.entrant(tokens[position])
            if entrant.index != blockIndex {
                blockIndex = entrant.index
                block = self.block(entrant)
            }
            let u = Self.unit(block[Int(entrant.lane)])
            let weight = Double(weights[position])
            // E = -ln(1 - u) exceeds u by a factor of at least 1 + u / 2 >= 1 + 2^-34, far more than rounding can
            // hide: whoever cannot win with u itself needs no logarithm. Of a large vocabulary a handful remains.
            if u >= best * weight { continue }
            let time = -Math.log1p(-u) / weight
            if time < best {
                best = time
                winner = position
            }
        }
        return winner
    }

    private func block(_ key: DrawKey) -> SIMD4<UInt32> {
        let stream = key.purpose.rawValue << 24 &+ key.sample
        return Philox.block(SIMD4(key.position, key.base, stream, key.index), key: self.key)
    }

    /// The middle of the word's cell of 2^-32: never 0 and never 1.
    private static func unit(_ word: UInt32) -> Double {
        (Double(word) + 0.5) * 0x1p-32
    }
}
