/// Typed access to the keys. Each accessor throws when the key is missing or is of another type; the `optional` ones
/// return nil when it is missing.
extension GGUFFile {
    /// All keys with their types, in the file's order.
    package var entries: [GGUFEntry] { header.entries }

    /// The key's type and place, or nil.
    package func entry(_ key: String) -> GGUFEntry? {
        header.entryIndex[key].map { header.entries[$0] }
    }

    // MARK: Scalars

    /// A string's bytes, whatever they are.
    package func stringBytes(_ key: String) throws(GGUFError) -> [UInt8] {
        let entry = try required(key, "a string")
        guard entry.type == .string else { throw wrongType(entry, "a string") }
        return [UInt8](storage.bytes[entry.value.lowerBound + 8..<entry.value.upperBound])
    }

    /// A string in UTF-8.
    package func string(_ key: String) throws(GGUFError) -> String {
        let bytes = try stringBytes(key)
        if let string = String(validating: bytes, as: UTF8.self) { return string }
        throw wrongType(try required(key, ""), "a string in UTF-8", found: "a string of other bytes")
    }

    /// An integer of any width that is 0 or more.
    package func unsignedInteger(_ key: String) throws(GGUFError) -> Int {
        let expected = "an integer from 0 to \(Int.max)"
        let entry = try required(key, expected)
        guard let value = entry.integer(in: storage.bytes), value >= 0 else { throw wrongType(entry, expected) }
        return value
    }

    /// A finite floating-point number of either width.
    package func float(_ key: String) throws(GGUFError) -> Float {
        let expected = "a finite floating-point number"
        let entry = try required(key, expected)
        let value = GGUFEntry.float(entry.type, at: entry.value.lowerBound, in: storage.bytes).map { Float($0) }
        guard let value, value.isFinite else { throw wrongType(entry, expected) }
        return value
    }

    /// A boolean.
    package func bool(_ key: String) throws(GGUFError) -> Bool {
        let entry = try required(key, "a boolean")
        guard entry.type == .bool else { throw wrongType(entry, "a boolean") }
        return storage.bytes[entry.value.lowerBound] != 0
    }

    /// A string in UTF-8, or nil without the key.
    package func optionalString(_ key: String) throws(GGUFError) -> String? {
        entry(key) == nil ? nil : try string(key)
    }

    /// An integer that is 0 or more, or nil without the key.
    package func optionalUnsignedInteger(_ key: String) throws(GGUFError) -> Int? {
        entry(key) == nil ? nil : try unsignedInteger(key)
    }

    /// A finite floating-point number, or nil without the key.
    package func optionalFloat(_ key: String) throws(GGUFError) -> Float? {
        entry(key) == nil ? nil : try float(key)
    }

    /// A boolean, or nil without the key.
    package func optionalBool(_ key: String) throws(GGUFError) -> Bool? {
        entry(key) == nil ? nil : try bool(key)
    }

    // MARK: Arrays

    /// An array of strings, as bytes.
    package func strings(_ key: String) throws(GGUFError) -> [[UInt8]] {
        let (entry, count) = try array(key, "an array of strings") { $0 == .string }
        var strings: [[UInt8]] = []
        strings.reserveCapacity(count)
        var offset = entry.firstElement
        for _ in 0..<count {
            // In bounds and below Int.max: the header's check walked the same lengths.
            let length = Int(UInt64(littleEndian: storage.bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
            strings.append([UInt8](storage.bytes[offset + 8..<offset + 8 + length]))
            offset += 8 + length
        }
        return strings
    }

    /// An array of integers of any width.
    package func integers(_ key: String) throws(GGUFError) -> [Int] {
        let (entry, count) = try array(key, "an array of integers") { $0.isInteger }
        return try elements(of: entry, count, "integers from \(Int.min) to \(Int.max)", GGUFEntry.integer)
    }

    /// An array of floating-point numbers of either width.
    package func floats(_ key: String) throws(GGUFError) -> [Float] {
        let (entry, count) = try array(key, "an array of floating-point numbers") { $0 == .float32 || $0 == .float64 }
        return try elements(of: entry, count, "floating-point numbers") { type, offset, bytes in
            GGUFEntry.float(type, at: offset, in: bytes).map { Float($0) }
        }
    }

    /// An array of strings, or nil without the key.
    package func optionalStrings(_ key: String) throws(GGUFError) -> [[UInt8]]? {
        entry(key) == nil ? nil : try strings(key)
    }

    /// An array of integers, or nil without the key.
    package func optionalIntegers(_ key: String) throws(GGUFError) -> [Int]? {
        entry(key) == nil ? nil : try integers(key)
    }

    /// An array of floating-point numbers, or nil without the key.
    package func optionalFloats(_ key: String) throws(GGUFError) -> [Float]? {
        entry(key) == nil ? nil : try floats(key)
    }

    // MARK: Parts

    private func required(_ key: String, _ expected: String) throws(GGUFError) -> GGUFEntry {
        if let entry = entry(key) { return entry }
        throw GGUFError(
            code: .missing,
            path: path,
            subject: "key '\(key)'",
            offset: nil,
            expected: expected,
            found: "no such key among \(entries.count)"
        )
    }

    private func array(
        _ key: String,
        _ expected: String,
        accepts: (GGUFValueType) -> Bool
    ) throws(GGUFError) -> (GGUFEntry, count: Int) {
        let entry = try required(key, expected)
        guard let array = entry.array, accepts(array.element) else { throw wrongType(entry, expected) }
        return (entry, array.count)
    }

    private func elements<Element>(
        of entry: GGUFEntry,
        _ count: Int,
        _ expected: String,
        _ decode: (GGUFValueType, Int, UnsafeRawBufferPointer) -> Element?
    ) throws(GGUFError) -> [Element] {
        guard let array = entry.array, let size = array.element.byteCount else { throw wrongType(entry, expected) }
        var elements: [Element] = []
        elements.reserveCapacity(count)
        for index in 0..<count {
            guard let element = decode(array.element, entry.firstElement + index * size, storage.bytes) else {
                throw wrongType(entry, expected, found: "something else at index \(index)")
            }
            elements.append(element)
        }
        return elements
    }

    private func wrongType(_ entry: GGUFEntry, _ expected: String, found: String? = nil) -> GGUFError {
        GGUFError(
            code: .wrongType,
            path: path,
            subject: "key '\(entry.key)'",
            offset: entry.value.lowerBound,
            expected: expected,
            found: found ?? "\(typeName(of: entry)) \(summary(of: entry))"
        )
    }
}
