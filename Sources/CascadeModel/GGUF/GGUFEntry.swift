/// A key of a GGUF file and where its value lies; values are decoded when they are asked for.
package struct GGUFEntry: Sendable, Equatable {
    /// What an array holds.
    package struct Array: Sendable, Equatable {
        /// Type of every element.
        package let element: GGUFValueType
        /// Number of elements.
        package let count: Int
    }

    /// The key, such as `llama.block_count`.
    package let key: String
    /// Type of the value.
    package let type: GGUFValueType
    /// What the array holds, for a key of type `array`.
    package let array: Array?
    /// Offset of the key in the file.
    package let offset: Int
    /// Where the value lies in the file; an array's begins with its element type and count.
    let value: Range<Int>

    /// Where an array's first element lies.
    var firstElement: Int { value.lowerBound + 4 + 8 }

    /// The value as an integer; nil when it is none, or does not fit an `Int`.
    func integer(in bytes: UnsafeRawBufferPointer) -> Int? {
        GGUFEntry.integer(type, at: value.lowerBound, in: bytes)
    }

    /// The number of integer type `type` at `offset`, which lies inside `bytes`; nil for other types, or when it does
    /// not fit an `Int`.
    static func integer(_ type: GGUFValueType, at offset: Int, in bytes: UnsafeRawBufferPointer) -> Int? {
        func load<T: FixedWidthInteger>(_: T.Type) -> Int? {
            Int(exactly: T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self)))
        }
        return switch type {
        case .uint8: load(UInt8.self)
        case .int8: load(Int8.self)
        case .uint16: load(UInt16.self)
        case .int16: load(Int16.self)
        case .uint32: load(UInt32.self)
        case .int32: load(Int32.self)
        case .uint64: load(UInt64.self)
        case .int64: load(Int64.self)
        case .float32, .float64, .bool, .string, .array: nil
        }
    }

    /// The number of floating-point type `type` at `offset`, which lies inside `bytes`; nil for other types.
    static func float(_ type: GGUFValueType, at offset: Int, in bytes: UnsafeRawBufferPointer) -> Double? {
        switch type {
        case .float32:
            let bits = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
            return Double(Float(bitPattern: bits))
        case .float64:
            return Double(
                bitPattern: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            )
        default:
            return nil
        }
    }
}
