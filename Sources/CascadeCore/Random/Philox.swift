/// Philox4x32-10, a counter-based random generator: a keyed bijection of 128-bit counters whose outputs pass for
/// random.
///
/// Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011). It has no state, so a number
/// depends on what it is for and never on who computes it, in which order, or how often.
package enum Philox {
    /// The four random words of `counter` under `key`.
    package static func block(_ counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
        var (c0, c1, c2, c3) = (counter.x, counter.y, counter.z, counter.w)
        var (k0, k1) = (key.x, key.y)
        for _ in 0..<10 {
            let even = (0xD251_1F53 as UInt32).multipliedFullWidth(by: c0)
            let odd = (0xCD9E_8D57 as UInt32).multipliedFullWidth(by: c2)
            (c0, c1, c2, c3) = (odd.high ^ c1 ^ k0, odd.low, even.high ^ c3 ^ k1, even.low)
            k0 &+= 0x9E37_79B9
            k1 &+= 0xBB67_AE85
        }
        return SIMD4(c0, c1, c2, c3)
    }
}
