/// Reads a GGUF header from front to back; every step is checked against the end of the file.
struct GGUFReader {
    /// The file; every byte before ``offset`` is in its memory.
    let storage: GGUFStorage
    private(set) var offset = 0

    /// Bytes of the file that are in memory.
    var bytes: UnsafeRawBufferPointer { storage.bytes }

    /// Bytes between here and the end of the file.
    var remaining: Int { storage.byteCount - offset }

    /// Reads a little-endian integer that belongs to `subject`.
    mutating func integer<T: FixedWidthInteger>(_ type: T.Type, of subject: String) throws(GGUFError) -> T {
        let start = offset
        try skip(MemoryLayout<T>.size, of: subject)
        return T(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: T.self))
    }

    /// Reads a count of things of at least `minimum` bytes each, and refuses one that the rest of the file cannot hold.
    mutating func count(of things: String, minimum: Int, in subject: String) throws(GGUFError) -> Int {
        let start = offset
        let claimed = try integer(UInt64.self, of: subject)
        guard claimed <= UInt64(remaining / minimum) else {
            throw error(
                .truncated,
                subject,
                at: start,
                expected: "at most \(remaining / minimum) \(things) in the \(remaining) bytes that are left",
                found: "\(claimed)"
            )
        }
        return Int(claimed)
    }

    /// Reads a string's length, steps over its bytes and returns where they lie.
    mutating func string(of subject: String) throws(GGUFError) -> Range<Int> {
        let length = try count(of: "bytes of a string", minimum: 1, in: subject)
        let start = offset
        try skip(length, of: subject)
        return start..<offset
    }

    /// Reads a string that names something: UTF-8, of 1 to `limit` bytes.
    mutating func name(of subject: String, limit: Int) throws(GGUFError) -> String {
        let start = offset
        let range = try string(of: subject)
        guard 1...limit ~= range.count else {
            let found = "\(range.count) bytes"
            throw error(.malformed, subject, at: start, expected: "a name of 1 to \(limit) bytes", found: found)
        }
        guard let name = String(validating: UnsafeRawBufferPointer(rebasing: bytes[range]), as: UTF8.self) else {
            throw error(.malformed, subject, at: start, expected: "a name in UTF-8", found: "other bytes")
        }
        return name
    }

    /// Steps over `count` bytes.
    mutating func skip(_ count: Int, of subject: String) throws(GGUFError) {
        guard count <= remaining else {
            let found = "\(remaining) before the end of the file"
            throw error(.truncated, subject, at: offset, expected: "\(count) more bytes", found: found)
        }
        try storage.load(upTo: offset + count)
        offset += count
    }

    /// Steps over a metadata value.
    mutating func skipValue(
        _ type: GGUFValueType,
        of subject: String,
        nesting: Int = 0
    ) throws(GGUFError) {
        if let size = type.byteCount {
            try skip(size, of: subject)
        } else if type == .string {
            _ = try string(of: subject)
        } else {
            // Deeper than any sensible file, and shallow enough for the stack.
            guard nesting < 4 else {
                throw error(.malformed, subject, at: offset, expected: "arrays nested 4 deep or less", found: "more")
            }
            let (element, count) = try arrayHead(of: subject)
            if let size = element.byteCount {
                // No overflow: `count` elements of that size fit the file.
                try skip(count * size, of: subject)
            } else {
                for _ in 0..<count { try skipValue(element, of: subject, nesting: nesting + 1) }
            }
        }
    }

    /// Reads an array's element type and count.
    mutating func arrayHead(of subject: String) throws(GGUFError) -> (element: GGUFValueType, count: Int) {
        let element = try valueType(of: subject)
        return (element, try count(of: "\(element.name) elements", minimum: element.minimumByteCount, in: subject))
    }

    /// Reads the id of a metadata type.
    mutating func valueType(of subject: String) throws(GGUFError) -> GGUFValueType {
        let start = offset
        let id = try integer(UInt32.self, of: subject)
        guard let type = GGUFValueType(rawValue: id) else {
            throw error(.malformed, subject, at: start, expected: "a value type from 0 to 12", found: "\(id)")
        }
        return type
    }

    func error(
        _ code: GGUFError.Code,
        _ subject: String,
        at offset: Int?,
        expected: String,
        found: String
    ) -> GGUFError {
        GGUFError(code: code, path: storage.path, subject: subject, offset: offset, expected: expected, found: found)
    }
}
