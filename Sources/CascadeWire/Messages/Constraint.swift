internal import CCascadeProto
internal import CascadeCore

extension OutputConstraint.Kind: WireEnum {
    var number: UInt32 {
        switch self {
        case .grammar: 1
        case .jsonSchema: 2
        case .jsonObject: 3
        }
    }
}

extension OutputConstraint: WireConvertible {
    /// Whether its text is sound is for those to say who read it.
    init(decoding proto: Cascade__V1__OutputConstraint, from reader: FieldReader) throws(WireError) {
        let kind: Kind = try reader.enumeration(proto.has_kind, proto.kind, "kind")
        self.init(
            kind,
            proto.has_text == 0
                ? "" : try reader.text(1, proto.text, "text", limit: reader.limits.constraintBytes)
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__OutputConstraint {
        var proto = Cascade__V1__OutputConstraint()
        cascade__v1__output_constraint__init(&proto)
        put(&proto.has_kind, &proto.kind, kind)
        if !text.isEmpty { put(&proto.has_text, &proto.text, writer.text(text)) }
        return proto
    }
}
