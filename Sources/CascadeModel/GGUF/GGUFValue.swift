/// A metadata value to be written to a GGUF file.
package enum GGUFValue: Sendable, Equatable {
    case uint8(UInt8)
    case int8(Int8)
    case uint16(UInt16)
    case int16(Int16)
    case uint32(UInt32)
    case int32(Int32)
    case float32(Float)
    case bool(Bool)
    case string([UInt8])
    /// An array; every element has to be of the type named.
    indirect case array(GGUFValueType, [GGUFValue])
    case uint64(UInt64)
    case int64(Int64)
    case float64(Double)

    /// A string's UTF-8 bytes.
    package static func string(_ text: String) -> GGUFValue { .string([UInt8](text.utf8)) }

    /// An array of strings.
    package static func strings(_ strings: [[UInt8]]) -> GGUFValue { .array(.string, strings.map { .string($0) }) }

    /// The value's type.
    package var type: GGUFValueType {
        switch self {
        case .uint8: .uint8
        case .int8: .int8
        case .uint16: .uint16
        case .int16: .int16
        case .uint32: .uint32
        case .int32: .int32
        case .float32: .float32
        case .bool: .bool
        case .string: .string
        case .array: .array
        case .uint64: .uint64
        case .int64: .int64
        case .float64: .float64
        }
    }

    /// Appends the value as GGUF stores it, without its type.
    func append(to bytes: inout [UInt8]) {
        switch self {
        case .uint8(let value): bytes.append(value)
        case .int8(let value): bytes.append(UInt8(bitPattern: value))
        case .uint16(let value): bytes.append(littleEndian: value)
        case .int16(let value): bytes.append(littleEndian: value)
        case .uint32(let value): bytes.append(littleEndian: value)
        case .int32(let value): bytes.append(littleEndian: value)
        case .float32(let value): bytes.append(littleEndian: value.bitPattern)
        case .bool(let value): bytes.append(value ? 1 : 0)
        case .string(let value):
            bytes.append(littleEndian: UInt64(value.count))
            bytes.append(contentsOf: value)
        case .array(let element, let values):
            precondition(values.allSatisfy { $0.type == element }, "an array of \(element.name) with other elements")
            bytes.append(littleEndian: element.rawValue)
            bytes.append(littleEndian: UInt64(values.count))
            for value in values { value.append(to: &bytes) }
        case .uint64(let value): bytes.append(littleEndian: value)
        case .int64(let value): bytes.append(littleEndian: value)
        case .float64(let value): bytes.append(littleEndian: value.bitPattern)
        }
    }
}

extension [UInt8] {
    /// Appends an integer's bytes, the lowest first.
    mutating func append<T: FixedWidthInteger>(littleEndian value: T) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}
