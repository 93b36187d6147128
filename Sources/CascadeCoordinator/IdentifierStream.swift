/// A stream of 64-bit numbers that are told apart and hard to guess from one another, for job ids and seeds
/// (SplitMix64; Steele, Lea, Flood 2014). The driver passes the secret start in.
struct IdentifierStream: Equatable, Sendable {
    private var state: UInt64

    /// Creates the stream that belongs to `seed`.
    init(seed: UInt64) {
        state = seed
    }

    /// The next number.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// The next seed: 53 bits, which readers of JSON that know only floating-point numbers keep.
    mutating func nextSeed() -> UInt64 { next() >> 11 }
}
