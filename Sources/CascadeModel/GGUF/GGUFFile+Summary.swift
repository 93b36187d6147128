/// What `cascade model inspect` and error messages print of a key.
extension GGUFFile {
    /// A key's type: `uint32`, or `array of 151936 string`.
    package func typeName(of entry: GGUFEntry) -> String {
        entry.array.map { "array of \($0.count) \($0.element.name)" } ?? entry.type.name
    }

    /// A key's value on one line: a scalar in full, a string's first 60 characters, an array's first elements.
    package func summary(of entry: GGUFEntry) -> String {
        guard let array = entry.array else { return summary(entry.type, entry.value) }
        var parts: [String] = []
        var offset = entry.firstElement
        for _ in 0..<min(array.count, 4) {
            let length = length(array.element, at: offset)
            guard let length else { break }
            parts.append(summary(array.element, offset..<offset + length))
            offset += length
        }
        if parts.count < array.count { parts.append("…") }
        return "[\(parts.joined(separator: ", "))]"
    }

    /// Bytes of the value at `offset`; nil for an array.
    private func length(_ type: GGUFValueType, at offset: Int) -> Int? {
        if type == .string {
            return 8 + Int(UInt64(littleEndian: storage.bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
        }
        return type.byteCount
    }

    private func summary(_ type: GGUFValueType, _ range: Range<Int>) -> String {
        let offset = range.lowerBound
        switch type {
        case .string: return quoted(storage.bytes[offset + 8..<range.upperBound])
        case .bool: return storage.bytes[offset] != 0 ? "true" : "false"
        case .float32:
            return GGUFEntry.float(type, at: offset, in: storage.bytes).map { "\(Float($0))" } ?? ""
        case .float64:
            return GGUFEntry.float(type, at: offset, in: storage.bytes).map { "\($0)" } ?? ""
        case .uint64:
            return "\(UInt64(littleEndian: storage.bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))"
        default:
            return GGUFEntry.integer(type, at: offset, in: storage.bytes).map { "\($0)" } ?? "…"
        }
    }

    /// A string with its control characters escaped, so that a file cannot write to the terminal.
    private func quoted(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
        // A character has at most a few bytes; 1,024 are enough for the first 60.
        let scalars = String(decoding: bytes.prefix(1_024), as: UTF8.self).unicodeScalars
        let shown = scalars.prefix(60).map { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
                scalar.escaped(asASCII: true)
            default:
                scalar.escaped(asASCII: false)
            }
        }
        return "\"\(shown.joined())\"" + (scalars.count > 60 || bytes.count > 1_024 ? "…" : "")
    }
}
