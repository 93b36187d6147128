/// Hash of a token prefix, chained token by token, so that the hash of a longer prefix extends that of a shorter one
/// (decisions.md 9): it tells a cache that holds other tokens of the same length from one that fits.
///
/// Each step is a Davies-Meyer compression: the state goes through Philox as the counter, keyed by the token, and is
/// xor-ed to the result. Sound against accidents; it is no defence against someone who builds collisions on purpose.
package enum PrefixHash {
    /// Hash of the empty prefix: the first 128 bits of pi's fraction.
    package static let empty = Hash128(high: 0x243F_6A88_85A3_08D3, low: 0x1319_8A2E_0370_7344)

    /// Hash of a prefix with hash `hash` followed by `tokens`.
    package static func extend(_ hash: Hash128, _ tokens: ArraySlice<Token>) -> Hash128 {
        var state = SIMD4(
            UInt32(truncatingIfNeeded: hash.low),
            UInt32(truncatingIfNeeded: hash.low >> 32),
            UInt32(truncatingIfNeeded: hash.high),
            UInt32(truncatingIfNeeded: hash.high >> 32)
        )
        for token in tokens {
            state ^= Philox.block(state, key: SIMD2(token, 0))
        }
        return Hash128(
            high: UInt64(state.w) << 32 | UInt64(state.z),
            low: UInt64(state.y) << 32 | UInt64(state.x)
        )
    }

    /// Hash of a prefix with hash `hash` followed by `tokens`.
    package static func extend(_ hash: Hash128, _ tokens: [Token]) -> Hash128 {
        extend(hash, tokens[...])
    }
}
