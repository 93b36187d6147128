/// Writes a GGUF file of version 3 into memory: tokenizer blocks, and the small models of tests.
package struct GGUFWriter: Sendable {
    /// What each tensor's offset is a multiple of; any value is written as it stands, so that tests can write wrong
    /// ones.
    private let alignment: Int
    private var keys: [UInt8] = []
    private var keyCount: UInt64 = 0
    private var table: [UInt8] = []
    private var tensorCount: UInt64 = 0
    private var data: [UInt8] = []

    /// Creates an empty file; an alignment other than 32 is written as `general.alignment`.
    package init(alignment: Int = 32) {
        precondition(alignment > 0)
        self.alignment = alignment
        if alignment != 32 { add("general.alignment", .uint32(UInt32(alignment))) }
    }

    /// Adds a key.
    package mutating func add(_ key: String, _ value: GGUFValue) {
        startKey(key, value.type)
        value.append(to: &keys)
    }

    /// Adds a key with the value it has in another file.
    package mutating func add(_ entry: GGUFEntry, of file: GGUFFile) {
        startKey(entry.key, entry.type)
        keys.append(contentsOf: file.storage.bytes[entry.value])
    }

    /// Adds a tensor; `shape[0]` is the row length, `bytes` the blocks of its rows in order.
    package mutating func addTensor(_ name: String, _ type: TensorType, shape: [Int], bytes: [UInt8]) {
        GGUFValue.string(name).append(to: &table)
        table.append(littleEndian: UInt32(shape.count))
        for length in shape { table.append(littleEndian: UInt64(length)) }
        table.append(littleEndian: type.rawValue)
        pad(&data)
        table.append(littleEndian: UInt64(data.count))
        data.append(contentsOf: bytes)
        tensorCount += 1
    }

    /// The file's bytes.
    package func bytes() -> [UInt8] {
        var bytes = [UInt8]("GGUF".utf8)
        bytes.append(littleEndian: UInt32(3))
        bytes.append(littleEndian: tensorCount)
        bytes.append(littleEndian: keyCount)
        bytes.append(contentsOf: keys)
        bytes.append(contentsOf: table)
        pad(&bytes)
        bytes.append(contentsOf: data)
        return bytes
    }

    private mutating func startKey(_ key: String, _ type: GGUFValueType) {
        GGUFValue.string(key).append(to: &keys)
        keys.append(littleEndian: type.rawValue)
        keyCount += 1
    }

    private func pad(_ bytes: inout [UInt8]) {
        let missing = (alignment - bytes.count % alignment) % alignment
        bytes.append(contentsOf: repeatElement(0, count: missing))
    }
}
