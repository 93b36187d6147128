import OrderedCollections

/// Values by key, in the order in which they came, that are read and changed where they are.
///
/// An ordered dictionary's subscript copies a value to read one of its fields, and moves it to the end and back to
/// change one. A job is a kilobyte with a dozen references, and a round reads and changes its job a hundred times.
struct InPlaceTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    /// In the order of insertion.
    private(set) var keys: OrderedSet<Key> = []
    /// Of each key; none of them is nil. Optional, because what is read by key is: to make it so would copy it.
    private var slots: ContiguousArray<Value?> = []

    var count: Int { keys.count }

    /// In the order of insertion.
    var values: some Collection<Value> { slots.lazy.compactMap(\.self) }

    /// In the order of insertion.
    var elements: some Sequence<(key: Key, value: Value)> {
        zip(keys, slots).lazy.compactMap { key, value in value.map { (key, $0) } }
    }

    /// A value, read where it is; nil where there is none.
    subscript(key: Key) -> Value? {
        _read {
            if let index = keys.firstIndex(of: key) { yield slots[index] } else { yield nil }
        }
    }

    /// Adds a value behind the others, or replaces that of the key.
    mutating func insert(_ value: Value, forKey key: Key) {
        let (isNew, index) = keys.append(key)
        if isNew { slots.append(value) } else { slots[index] = value }
    }

    /// Changes a value where it is; nil where there is none.
    mutating func change<Result>(_ key: Key, _ body: (inout Value) -> Result) -> Result? {
        guard let index = keys.firstIndex(of: key), slots[index] != nil else { return nil }
        return body(&slots[index]!)
    }

    /// The value that was there.
    @discardableResult mutating func removeValue(forKey key: Key) -> Value? {
        guard let index = keys.firstIndex(of: key) else { return nil }
        keys.remove(at: index)
        return slots.remove(at: index)
    }
}
