/// A map of a template; it keeps the order in which keys were first set, as Python's `dict` does.
///
/// Lookup is linear: chat templates have maps of a few entries, and the meter counts the search of larger ones.
package struct TemplateMap: Sendable {
    /// A key with its value.
    typealias Entry = (key: TemplateValue, value: TemplateValue)

    private(set) var entries: [Entry] = []
    /// How many lists and maps are inside one another, this one included.
    private(set) var depth = 1

    /// Creates a map; of two entries with the same key the later one's value stays.
    package init(_ entries: [(String, TemplateValue)] = []) {
        for (key, value) in entries {
            set(.string(TemplateString(key)), value)
        }
    }

    /// The same map, with all its texts from outside.
    var asForeign: TemplateMap {
        var map = self
        map.entries = entries.map { ($0.key.asForeign, $0.value.asForeign) }
        return map
    }

    /// The value of a key.
    subscript(key: TemplateValue) -> TemplateValue? {
        entries.first { TemplateOperators.sameKey($0.key, key) }?.value
    }

    /// Sets a key's value, in its old place where it has one.
    mutating func set(_ key: TemplateValue, _ value: TemplateValue) {
        depth = max(depth, 1 + value.depth)
        if let index = entries.firstIndex(where: { TemplateOperators.sameKey($0.key, key) }) {
            entries[index].value = value
        } else {
            entries.append((key, value))
        }
    }
}
