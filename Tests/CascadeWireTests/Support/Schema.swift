import CCascadeProto
import CascadeFuzzing

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
