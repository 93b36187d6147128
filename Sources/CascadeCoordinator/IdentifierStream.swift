import CascadeCore

/// A stream of 64-bit numbers that are told apart, for job ids and seeds. The driver passes the secret start in.
struct IdentifierStream: Equatable, Sendable {
    private var numbers: SplitMix64

    /// Creates the stream that belongs to `seed`.
    init(seed: UInt64) {
        numbers = SplitMix64(seed: seed)
    }

    /// The next number.
    mutating func next() -> UInt64 { numbers.next() }

    /// The next seed: 53 bits, which readers of JSON that know only floating-point numbers keep.
    mutating func nextSeed() -> UInt64 { next() >> 11 }
}
