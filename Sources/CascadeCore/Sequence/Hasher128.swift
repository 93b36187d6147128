/// A small 128-bit hash of bytes and integers for identity: token tables, model headers.
///
/// Two 64-bit lanes take in every word by different multiply-xorshift steps and are crossed at the end. Equal input
/// gives an equal hash in every process and on every machine. It tells honest inputs apart; it does not resist
/// somebody who looks for collisions.
package struct Hasher128: Sendable {
    private var first: UInt64
    private var second: UInt64
    private var words: UInt64 = 0

    /// Creates a hasher; different domains give unrelated hashes for the same input.
    package init(domain: UInt64 = 0) {
        first = 0x9E37_79B9_7F4A_7C15 ^ domain
        second = 0xD1B5_4A32_D192_ED03 &+ domain
    }

    /// Takes in one 64-bit word.
    package mutating func combine(_ word: UInt64) {
        first = (first ^ word) &* 0xFF51_AFD7_ED55_8CCD
        first ^= first >> 32
        second = ((second << 29 | second >> 35) &+ word) &* 0xC4CE_B9FE_1A85_EC53
        second ^= second >> 31
        words &+= 1
    }

    /// Takes in a byte string: its length, then its bytes as little-endian words, the last one padded with zeros. The
    /// length makes neighbouring strings tell apart: ("ab", "c") and ("a", "bc") hash differently.
    package mutating func combine(bytes: UnsafeRawBufferPointer) {
        combine(UInt64(bytes.count))
        let whole = bytes.count / 8 * 8
        var offset = 0
        while offset < whole {
            combine(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
            offset += 8
        }
        guard whole < bytes.count else { return }
        var tail: UInt64 = 0
        for index in whole..<bytes.count {
            tail |= UInt64(bytes[index]) << UInt64(8 * (index - whole))
        }
        combine(tail)
    }

    /// Takes in a byte string; see ``combine(bytes:)-(UnsafeRawBufferPointer)``.
    package mutating func combine(bytes: [UInt8]) {
        bytes.withUnsafeBytes { combine(bytes: $0) }
    }

    /// The hash of what was taken in so far.
    package func finish() -> Hash128 {
        let high = SplitMix64.mix(first &+ (second ^ words))
        let low = SplitMix64.mix(second ^ high &+ words)
        return Hash128(high: high, low: low)
    }
}
