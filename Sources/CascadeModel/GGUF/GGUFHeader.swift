/// A GGUF file's header, checked: every key's value and every tensor lies inside the file.
struct GGUFHeader: Sendable {
    /// The most bytes of a key, as the format's specification has it.
    static let keyLimit = 65_535
    /// The most bytes of a tensor's name, as the format's specification has it.
    static let tensorNameLimit = 64

    private(set) var version: UInt32 = 0
    private(set) var alignment = 32
    private(set) var entries: [GGUFEntry] = []
    private(set) var entryIndex: [String: Int] = [:]
    private(set) var tensors: [GGUFTensor] = []
    private(set) var tensorIndex: [String: Int] = [:]
    /// End of the tensor table; what follows is padding and data.
    private(set) var end = 0

    init(reading storage: GGUFStorage) throws(GGUFError) {
        var reader = GGUFReader(storage: storage)
        version = try GGUFHeader.readVersion(&reader)
        // A tensor takes at least a name's length, a dimension count, one dimension, a type and an offset; a key at
        // least its own length, a type and one byte.
        let tensorCount = try reader.count(of: "tensors", minimum: 8 + 4 + 8 + 4 + 8, in: "header")
        let keyCount = try reader.count(of: "keys", minimum: 8 + 4 + 1, in: "header")
        for index in 0..<keyCount { try readEntry(index, &reader) }
        try readAlignment(reader)
        var raw: [RawTensor] = []
        for index in 0..<tensorCount { raw.append(try RawTensor(index, &reader)) }
        end = reader.offset
        for tensor in raw { try place(tensor, reader) }
    }

    private static func readVersion(_ reader: inout GGUFReader) throws(GGUFError) -> UInt32 {
        let magic = try reader.integer(UInt32.self, of: "magic")
        guard magic == 0x4655_4747 else {  // "GGUF"
            let found = "0x" + String(magic, radix: 16)
            throw reader.error(.notGGUF, "magic", at: 0, expected: "the four letters GGUF", found: found)
        }
        let version = try reader.integer(UInt32.self, of: "version")
        // Versions 2 and 3 have the same layout; 3 only adds files of the other byte order.
        guard version == 2 || version == 3 else {
            let swapped = version.byteSwapped <= 0xFFFF
            throw reader.error(
                swapped ? .notGGUF : .unsupportedVersion,
                "version",
                at: 4,
                expected: swapped ? "a little-endian file" : "GGUF version 2 or 3",
                found: swapped ? "a big-endian one" : "version \(version)"
            )
        }
        return version
    }

    private mutating func readEntry(_ index: Int, _ reader: inout GGUFReader) throws(GGUFError) {
        let start = reader.offset
        let key = try reader.name(of: "key \(index)", limit: GGUFHeader.keyLimit)
        let subject = "key '\(key)'"
        let type = try reader.valueType(of: subject)
        let valueStart = reader.offset
        var array: GGUFEntry.Array?
        if type == .array {
            var head = reader
            let (element, count) = try head.arrayHead(of: subject)
            array = GGUFEntry.Array(element: element, count: count)
        }
        try reader.skipValue(type, of: subject)
        if let first = entryIndex.updateValue(entries.count, forKey: key) {
            let found = "it again, first at byte \(entries[first].offset)"
            throw reader.error(.duplicate, subject, at: start, expected: "each key once", found: found)
        }
        entries.append(
            GGUFEntry(key: key, type: type, array: array, offset: start, value: valueStart..<reader.offset)
        )
    }

    private mutating func readAlignment(_ reader: GGUFReader) throws(GGUFError) {
        guard let index = entryIndex["general.alignment"] else { return }
        let entry = entries[index]
        let subject = "key 'general.alignment'"
        let value = entry.integer(in: reader.bytes)
        // The specification asks for a multiple of 8. More than a gigabyte cannot be meant.
        guard let value, value >= 8, value <= 1 << 30, value & (value - 1) == 0 else {
            throw reader.error(
                .malformed,
                subject,
                at: entry.value.lowerBound,
                expected: "a power of two from 8 to 2^30",
                found: value.map(String.init) ?? entry.type.name
            )
        }
        alignment = value
    }

    private mutating func place(_ raw: RawTensor, _ reader: GGUFReader) throws(GGUFError) {
        let subject = "tensor '\(raw.name)'"
        let fileSize = reader.storage.byteCount
        // No overflow: `end` is inside the file and the alignment at most 2^30.
        let dataStart = (end + alignment - 1) / alignment * alignment
        guard raw.dataOffset % UInt64(alignment) == 0 else {
            throw reader.error(
                .malformed,
                subject,
                at: raw.offset,
                expected: "a data offset that is a multiple of \(alignment)",
                found: "\(raw.dataOffset)"
            )
        }
        let room = max(0, fileSize - dataStart)
        guard raw.dataOffset <= UInt64(room), raw.byteCount <= room - Int(raw.dataOffset) else {
            throw reader.error(
                .truncated,
                subject,
                at: raw.offset,
                expected: "data inside the file's \(room) bytes of tensor data",
                found: "\(raw.byteCount) bytes at data offset \(raw.dataOffset)"
            )
        }
        let tensor = GGUFTensor(
            name: raw.name,
            type: raw.type,
            shape: raw.shape,
            fileOffset: dataStart + Int(raw.dataOffset),
            byteCount: raw.byteCount
        )
        if tensorIndex.updateValue(tensors.count, forKey: raw.name) != nil {
            throw reader.error(.duplicate, subject, at: raw.offset, expected: "each tensor once", found: "it again")
        }
        tensors.append(tensor)
    }
}

/// A line of the tensor table: everything but the place in the file, which depends on where the table ends.
private struct RawTensor {
    var offset: Int
    var name: String
    var type: TensorType
    var shape: [Int]
    var byteCount: Int
    /// Offset from the start of the tensor data, unchecked.
    var dataOffset: UInt64

    init(_ index: Int, _ reader: inout GGUFReader) throws(GGUFError) {
        offset = reader.offset
        name = try reader.name(of: "tensor \(index)", limit: GGUFHeader.tensorNameLimit)
        let subject = "tensor '\(name)'"
        let shapeOffset = reader.offset
        let dimensions = try reader.integer(UInt32.self, of: subject)
        guard 1...4 ~= dimensions else {
            let found = "\(dimensions)"
            throw reader.error(.malformed, subject, at: shapeOffset, expected: "1 to 4 dimensions", found: found)
        }
        shape = []
        for _ in 0..<dimensions {
            let start = reader.offset
            let length = try reader.integer(UInt64.self, of: subject)
            guard let length = Int(exactly: length), length > 0 else {
                let expected = "a length from 1 to \(Int.max)"
                throw reader.error(.malformed, subject, at: start, expected: expected, found: "\(length)")
            }
            shape.append(length)
        }
        let typeOffset = reader.offset
        let typeID = try reader.integer(UInt32.self, of: subject)
        guard let type = TensorType(rawValue: typeID) else {
            let found = TensorType.name(ofID: typeID)
            throw reader.error(.malformed, subject, at: typeOffset, expected: "a known tensor type", found: found)
        }
        self.type = type
        guard let rowBytes = type.byteCount(rowOf: shape[0]) else {
            throw reader.error(
                .malformed,
                subject,
                at: shapeOffset,
                expected: "a row length that is a multiple of \(type.name)'s block of \(type.blockSize)",
                found: "\(shape[0])"
            )
        }
        byteCount = rowBytes
        // Elements can overflow where bytes do not (a quantised number takes less than a byte), so both are checked.
        var elements = shape[0]
        for length in shape.dropFirst() {
            let (bytes, bytesOverflow) = byteCount.multipliedReportingOverflow(by: length)
            let (numbers, numbersOverflow) = elements.multipliedReportingOverflow(by: length)
            guard !bytesOverflow, !numbersOverflow else {
                let found = "the shape \(shape)"
                let expected = "a size that fits 63 bits"
                throw reader.error(.malformed, subject, at: shapeOffset, expected: expected, found: found)
            }
            byteCount = bytes
            elements = numbers
        }
        dataOffset = try reader.integer(UInt64.self, of: subject)
    }
}
