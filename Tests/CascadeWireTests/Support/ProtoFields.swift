import CCascadeProto

/// A field of an encoded protobuf message, as it stands in the bytes.
struct ProtoField {
    var number: UInt64
    var wireType: UInt64
    /// The value without its tag and without its length.
    var payload: [UInt8]

    static func varint(_ value: UInt64) -> [UInt8] {
        var value = value
        var bytes: [UInt8] = []
        while value >= 0x80 {
            bytes.append(UInt8(value & 0x7f) | 0x80)
            value >>= 7
        }
        return bytes + [UInt8(value)]
    }

    var encoded: [UInt8] {
        let tag = Self.varint(number << 3 | wireType)
        return tag + (wireType == 2 ? Self.varint(UInt64(payload.count)) : []) + payload
    }

    /// The fields of `bytes`, which must be well formed.
    static func parse(_ bytes: [UInt8]) -> [ProtoField] {
        var fields: [ProtoField] = []
        var rest = bytes[...]
        func varint() -> UInt64 {
            var value: UInt64 = 0
            var shift: UInt64 = 0
            while let byte = rest.popFirst() {
                value |= UInt64(byte & 0x7f) << shift
                shift += 7
                if byte < 0x80 { break }
            }
            return value
        }
        while !rest.isEmpty {
            let tag = varint()
            let payload: [UInt8]
            switch tag & 7 {
            case 0: payload = Self.varint(varint())
            case 1: payload = Array(rest.prefix(8))
            case 5: payload = Array(rest.prefix(4))
            default:
                let length = Int(varint())
                payload = Array(rest.prefix(length))
            }
            if tag & 7 != 0 { rest = rest.dropFirst(payload.count) }
            fields.append(ProtoField(number: tag >> 3, wireType: tag & 7, payload: payload))
        }
        return fields
    }

    static func encode(_ fields: [ProtoField]) -> [UInt8] { fields.flatMap(\.encoded) }
}

/// One place of the schema.
struct SchemaField {
    /// Names from the message on, joined by dots: `verify.prefix.tail`.
    var path: String
    var type: ProtobufCType
    var isRepeated: Bool
}

/// The schema as the generated code describes it.
enum Schema {
    typealias MessageDescriptor = UnsafePointer<ProtobufCMessageDescriptor>

    static var envelope: MessageDescriptor { cascade_envelope_descriptor() }

    static func fields(_ message: MessageDescriptor) -> UnsafeBufferPointer<ProtobufCFieldDescriptor> {
        UnsafeBufferPointer(start: message.pointee.fields, count: Int(message.pointee.n_fields))
    }

    static func message(of field: ProtobufCFieldDescriptor) -> MessageDescriptor? {
        guard field.type == PROTOBUF_C_TYPE_MESSAGE else { return nil }
        return field.descriptor.map { $0.assumingMemoryBound(to: ProtobufCMessageDescriptor.self) }
    }

    /// All variants of `bytes` in which one field, at any depth, is replaced by what `edit` makes of it; nil edits
    /// nothing, an empty array drops the field.
    static func variants(
        of bytes: [UInt8],
        _ message: MessageDescriptor,
        path: String = "",
        edit: (SchemaField, ProtoField) -> [ProtoField]?
    ) -> [(field: SchemaField, bytes: [UInt8])] {
        let fields = ProtoField.parse(bytes)
        var variants: [(field: SchemaField, bytes: [UInt8])] = []
        var seen: [UInt64: Int] = [:]
        for (index, field) in fields.enumerated() {
            guard let descriptor = Schema.fields(message).first(where: { UInt64($0.id) == field.number }) else {
                continue
            }
            let isRepeated = descriptor.label == PROTOBUF_C_LABEL_REPEATED
            let subMessage = Schema.message(of: descriptor)
            var name = (path.isEmpty ? "" : path + ".") + String(cString: descriptor.name)
            if isRepeated, subMessage != nil { name += "[\(seen[field.number, default: 0])]" }
            seen[field.number, default: 0] += 1

            func with(_ replacement: [ProtoField]) -> [UInt8] {
                ProtoField.encode(Array(fields[..<index]) + replacement + Array(fields[(index + 1)...]))
            }
            let place = SchemaField(path: name, type: descriptor.type, isRepeated: isRepeated)
            if let replacement = edit(place, field) { variants.append((place, with(replacement))) }
            guard let subMessage else { continue }
            for variant in Schema.variants(of: field.payload, subMessage, path: name, edit: edit) {
                var changed = field
                changed.payload = variant.bytes
                variants.append((variant.field, with([changed])))
            }
        }
        return variants
    }
}
