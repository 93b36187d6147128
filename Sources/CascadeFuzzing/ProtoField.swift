/// A field of an encoded protobuf message, as it stands in the bytes.
package struct ProtoField: Equatable, Sendable {
    /// The field's number in the schema.
    package var number: UInt64
    /// 0 varint, 1 eight bytes, 2 bytes behind their length, 5 four bytes.
    package var wireType: UInt64
    /// The value without its tag and without its length.
    package var payload: [UInt8]

    /// Creates the field from its parts.
    package init(number: UInt64, wireType: UInt64, payload: [UInt8]) {
        self.number = number
        self.wireType = wireType
        self.payload = payload
    }

    /// `value`, 7 bits a byte.
    package static func varint(_ value: UInt64) -> [UInt8] {
        var value = value
        var bytes: [UInt8] = []
        while value >= 0x80 {
            bytes.append(UInt8(value & 0x7f) | 0x80)
            value >>= 7
        }
        return bytes + [UInt8(value)]
    }

    /// The field's bytes.
    package var encoded: [UInt8] {
        let tag = Self.varint(number << 3 | wireType)
        return tag + (wireType == 2 ? Self.varint(UInt64(payload.count)) : []) + payload
    }

    /// The fields of `bytes`, which must be well formed.
    package static func parse(_ bytes: [UInt8]) -> [ProtoField] { fields(in: bytes) ?? [] }

    /// The fields of `bytes`; nil where they are no sequence of fields.
    package static func fields(in bytes: [UInt8]) -> [ProtoField]? {
        var fields: [ProtoField] = []
        var rest = bytes[...]
        func varint() -> UInt64? {
            var value: UInt64 = 0
            for shift in stride(from: UInt64(0), to: 70, by: 7) {
                guard let byte = rest.popFirst() else { return nil }
                value |= UInt64(byte & 0x7f) << shift
                if byte < 0x80 { return value }
            }
            return nil
        }
        func take(_ count: UInt64) -> [UInt8]? {
            guard count <= UInt64(rest.count) else { return nil }
            defer { rest = rest.dropFirst(Int(count)) }
            return Array(rest.prefix(Int(count)))
        }
        while !rest.isEmpty {
            guard let tag = varint() else { return nil }
            let payload: [UInt8]?
            switch tag & 7 {
            case 0: payload = varint().map(Self.varint)
            case 1: payload = take(8)
            case 2: payload = varint().flatMap(take)
            case 5: payload = take(4)
            default: payload = nil
            }
            guard let payload else { return nil }
            fields.append(ProtoField(number: tag >> 3, wireType: tag & 7, payload: payload))
        }
        return fields
    }

    /// The bytes of `fields`.
    package static func encode(_ fields: [ProtoField]) -> [UInt8] { fields.flatMap(\.encoded) }
}
