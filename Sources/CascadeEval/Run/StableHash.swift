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

/// A part of a benchmark that stands for the whole.
package enum FixedShuffle {
    /// `items` in an order that has nothing to do with theirs and is the same every time: any stretch of it is a fair
    /// sample, and stretches that do not overlap have nothing in common.
    package static func order<Item>(_ items: [Item], by name: (Item) -> String) -> [Item] {
        items.map { (hash: StableHash.of(name($0)), name: name($0), item: $0) }
            .sorted { ($0.hash, $0.name) < ($1.hash, $1.name) }
            .map(\.item)
    }
}
