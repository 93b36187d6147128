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
