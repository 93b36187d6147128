import OrderedCollections

/// Values by key, in the order in which they came, that are read and changed where they are.
///
/// An ordered dictionary's subscript copies a value to read one of its fields, and moves it to the end and back to
/// change one. A job is a kilobyte with a dozen references, and a round reads and changes its job a hundred times.
struct InPlaceTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    /// In the order of insertion.
    private(set) var keys: OrderedSet<Key> = []
    /// Of each key.
    private(set) var values: ContiguousArray<Value> = []

    var count: Int { keys.count }

    /// A copy of a value; nil where there is none.
    subscript(key: Key) -> Value? { read(key) { $0 } }

    /// Looks at a value where it is; nil where there is none.
    @inline(__always) func read<Result>(_ key: Key, _ body: (borrowing Value) -> Result) -> Result? {
        guard let index = keys.firstIndex(of: key) else { return nil }
        return body(values[index])
    }

    /// Looks at all values where they are.
    @inline(__always) func forEach(_ body: (Key, borrowing Value) -> Void) {
        for index in values.indices { body(keys[index], values[index]) }
    }

    /// Adds a value behind the others, or replaces that of the key.
    mutating func insert(_ value: Value, forKey key: Key) {
        let (isNew, index) = keys.append(key)
        if isNew { values.append(value) } else { values[index] = value }
    }

    /// Changes a value where it is; nil where there is none.
    mutating func change<Result>(_ key: Key, _ body: (inout Value) -> Result) -> Result? {
        guard let index = keys.firstIndex(of: key) else { return nil }
        return body(&values[index])
    }

    /// The value that was there.
    @discardableResult mutating func removeValue(forKey key: Key) -> Value? {
        guard let index = keys.firstIndex(of: key) else { return nil }
        keys.remove(at: index)
        return values.remove(at: index)
    }
}
