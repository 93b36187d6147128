internal import CCascadeProto

/// Where a message's parts go while it is encoded.
struct FieldWriter {
    /// Holds what the generated structures point to.
    let arena: Arena
    /// The raw frames.
    var frames: [[UInt8]] = []

    init(arena: Arena) {
        self.arena = arena
    }

    /// `values` as a repeated field.
    func array<Value>(_ values: [Value]) -> (Int, UnsafeMutablePointer<Value>?) {
        guard !values.isEmpty, let copy = arena.allocate(values.count, of: Value.self) else { return (0, nil) }
        copy.initialize(from: values, count: values.count)
        return (values.count, copy)
    }

    /// `values` as a list field, or none where all are `absent`.
    func array<Value: Equatable>(_ values: [Value], unless absent: Value) -> (Int, UnsafeMutablePointer<Value>?) {
        array(values.allSatisfy { $0 == absent } ? [] : values)
    }

    /// `values` as a bytes field.
    func bytes(_ values: [UInt8]) -> ProtobufCBinaryData {
        let (count, copy) = array(values)
        return ProtobufCBinaryData(len: count, data: copy)
    }

    /// `text` as a bytes field.
    func text(_ text: String) -> ProtobufCBinaryData {
        bytes(Array(text.utf8))
    }

    /// `value` as a sub-message.
    mutating func message<Value: WireConvertible>(_ value: Value) -> UnsafeMutablePointer<Value.Proto>? {
        let place = arena.allocate(1, of: Value.Proto.self)
        place?.initialize(to: value.encode(to: &self))
        return place
    }

    /// `values` as repeated sub-messages.
    mutating func messages<Value: WireConvertible>(
        _ values: [Value]
    ) -> (Int, UnsafeMutablePointer<UnsafeMutablePointer<Value.Proto>?>?) {
        var places: [UnsafeMutablePointer<Value.Proto>?] = []
        for value in values { places.append(message(value)) }
        return array(places)
    }
}

/// Sets an optional field; nil leaves it out.
func put<Value>(_ has: inout protobuf_c_boolean, _ field: inout Value, _ value: Value?) {
    guard let value else { return }
    has = 1
    field = value
}

/// Sets a flag.
func put(_ has: inout protobuf_c_boolean, _ field: inout protobuf_c_boolean, _ value: Bool) {
    has = 1
    field = value ? 1 : 0
}

/// Sets an enumeration field; nil leaves it out.
func put<Proto: RawRepresentable<UInt32>>(
    _ has: inout protobuf_c_boolean,
    _ field: inout Proto,
    _ value: (some WireEnum)?
) {
    guard let value, let number = Proto(rawValue: value.number) else { return }
    has = 1
    field = number
}
