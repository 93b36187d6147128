internal import CascadeCore

/// Random numbers for tests: the same sequence for a seed everywhere.
package struct SeededGenerator: RandomNumberGenerator {
    private var numbers: SplitMix64

    /// Creates a generator; tests fix their seeds and name them where they fail.
    package init(seed: UInt64) {
        numbers = SplitMix64(seed: seed)
    }

    package mutating func next() -> UInt64 { numbers.next() }

    /// `count` random bytes.
    package mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }
}
