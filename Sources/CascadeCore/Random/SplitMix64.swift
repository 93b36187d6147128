/// SplitMix64: a seed's stream of 64-bit numbers that pass for random, and the mixer behind it.
///
/// Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014). For what needs no cryptographic
/// strength: whoever sees one number of a stream can work out the others.
package struct SplitMix64: RandomNumberGenerator, Equatable, Sendable {
    private var state: UInt64

    /// Creates the stream that belongs to `seed`.
    package init(seed: UInt64) {
        state = seed
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mix(state)
    }

    /// The finaliser: a bijection in which every input bit reaches every output bit.
    package static func mix(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
