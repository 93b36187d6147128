/// A hash of text that is the same in every process and on every machine.
package enum StableHash {
    /// The hash of `text`: FNV-1a (Fowler, Noll and Vo), its bits mixed by MurmurHash3's 64-bit finaliser (Appleby):
    /// names that differ in a digit differ in all bits.
    package static func of(_ text: String) -> UInt64 {
        var hash = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        hash = (hash ^ (hash >> 33)) &* 0xff51_afd7_ed55_8ccd
        hash = (hash ^ (hash >> 33)) &* 0xc4ce_b9fe_1a85_ec53
        return hash ^ (hash >> 33)
    }
}
