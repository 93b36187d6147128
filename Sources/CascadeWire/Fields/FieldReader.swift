internal import CCascadeProto

/// Takes the fields of a generated structure out of it, checked. Every method throws an error that names the message
/// and the field; `has` is the structure's flag that says whether the field was there.
struct FieldReader {
    /// The outermost message's name.
    let name: String
    /// What is allowed.
    let limits: WireLimits
    /// The message's raw frames.
    let frames: ArraySlice<[UInt8]>

    // MARK: Errors

    func missing(_ field: String) -> WireError {
        .missing(message: name, field: field)
    }

    func invalid(_ field: String, expected: String, actual: some CustomStringConvertible) -> WireError {
        .invalid(message: name, field: field, expected: expected, actual: "\(actual)")
    }

    // MARK: Numbers

    /// A field that may have any value.
    func value<Value>(_ has: protobuf_c_boolean, _ value: Value, _ field: String) throws(WireError) -> Value {
        guard has != 0 else { throw missing(field) }
        return value
    }

    /// A number within `range`; NaN is in none.
    func number<Value: Comparable & CustomStringConvertible>(
        _ has: protobuf_c_boolean,
        _ value: Value,
        _ field: String,
        in range: ClosedRange<Value>
    ) throws(WireError) -> Value {
        guard has != 0 else { throw missing(field) }
        guard range.contains(value) else {
            throw invalid(field, expected: "\(range.lowerBound) to \(range.upperBound)", actual: value)
        }
        return value
    }

    /// A 32-bit count.
    func count(_ has: protobuf_c_boolean, _ value: UInt32, _ field: String) throws(WireError) -> UInt32 {
        try number(has, value, field, in: 0...limits.count)
    }

    /// A 64-bit counter.
    func counter(_ has: protobuf_c_boolean, _ value: UInt64, _ field: String) throws(WireError) -> UInt64 {
        try number(has, value, field, in: 0...limits.counter)
    }

    /// A 64-bit counter that older senders do not know: 0 where it is missing.
    func counterOrZero(_ has: protobuf_c_boolean, _ value: UInt64, _ field: String) throws(WireError) -> UInt64 {
        has == 0 ? 0 : try counter(has, value, field)
    }

    /// A duration in milliseconds.
    func duration(_ has: protobuf_c_boolean, _ value: Double, _ field: String) throws(WireError) -> Double {
        try number(has, value, field, in: 0...limits.milliseconds)
    }

    /// A truth value; protobuf-c lets any number through, and all but 0 are true.
    func flag(_ has: protobuf_c_boolean, _ value: protobuf_c_boolean, _ field: String) throws(WireError) -> Bool {
        try self.value(has, value, field) != 0
    }

    /// A value of an enumeration.
    func enumeration<Value: WireEnum>(
        _ has: protobuf_c_boolean,
        _ value: some RawRepresentable<UInt32>,
        _ field: String
    ) throws(WireError) -> Value {
        guard has != 0 else { throw missing(field) }
        return try enumeration(value, field)
    }

    /// A value of an enumeration in a list.
    func enumeration<Value: WireEnum>(
        _ value: some RawRepresentable<UInt32>,
        _ field: String
    ) throws(WireError) -> Value {
        for candidate in Value.allCases where candidate.number == value.rawValue { return candidate }
        throw invalid(field, expected: "one of \(Value.allCases.map { "\($0)" })", actual: value.rawValue)
    }

    // MARK: Bytes and text

    /// At most `limit` bytes.
    func bytes(
        _ has: protobuf_c_boolean,
        _ value: ProtobufCBinaryData,
        _ field: String,
        limit: Int
    ) throws(WireError) -> [UInt8] {
        guard has != 0 else { throw missing(field) }
        return try bytes(value, field, limit: limit)
    }

    /// At most `limit` bytes, in a list.
    func bytes(_ value: ProtobufCBinaryData, _ field: String, limit: Int) throws(WireError) -> [UInt8] {
        guard value.len <= limit else {
            throw invalid(field, expected: "at most \(limit) bytes", actual: "\(value.len) bytes")
        }
        return Array(UnsafeBufferPointer(start: value.data, count: value.len))
    }

    /// At most `limit` bytes of UTF-8.
    func text(
        _ has: protobuf_c_boolean,
        _ value: ProtobufCBinaryData,
        _ field: String,
        limit: Int
    ) throws(WireError) -> String {
        let bytes = try bytes(has, value, field, limit: limit)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw invalid(field, expected: "UTF-8", actual: "other bytes")
        }
        return text
    }

    /// A name.
    func name(_ has: protobuf_c_boolean, _ value: ProtobufCBinaryData, _ field: String) throws(WireError) -> String {
        try text(has, value, field, limit: limits.nameBytes)
    }

    /// A name that need not be there: empty where it is missing.
    func nameOrEmpty(
        _ has: protobuf_c_boolean,
        _ value: ProtobufCBinaryData,
        _ field: String
    ) throws(WireError) -> String {
        has == 0 ? "" : try name(has, value, field)
    }

    /// A name that need not be there.
    func nameIfAny(
        _ has: protobuf_c_boolean,
        _ value: ProtobufCBinaryData,
        _ field: String
    ) throws(WireError) -> String? {
        has == 0 ? nil : try name(has, value, field)
    }

    /// A sentence for people.
    func note(_ has: protobuf_c_boolean, _ value: ProtobufCBinaryData, _ field: String) throws(WireError) -> String {
        try text(has, value, field, limit: limits.noteBytes)
    }

    // MARK: Lists

    /// A repeated field with at most `limit` entries.
    func list<Value>(
        _ count: Int,
        _ values: UnsafeMutablePointer<Value>?,
        _ field: String,
        limit: Int
    ) throws(WireError) -> [Value] {
        guard count <= limit else {
            throw invalid(field, expected: "at most \(limit) entries", actual: "\(count) entries")
        }
        return Array(UnsafeBufferPointer(start: values, count: count))
    }

    /// A list that has an entry for each of `count` others.
    func list<Value>(
        _ count: Int,
        _ values: UnsafeMutablePointer<Value>?,
        _ field: String,
        matching expected: Int
    ) throws(WireError) -> [Value] {
        guard count == expected else {
            throw invalid(field, expected: "\(expected) entries", actual: "\(count) entries")
        }
        return Array(UnsafeBufferPointer(start: values, count: count))
    }

    /// A list that has an entry for each of `count` others, or none, which means `absent` for all.
    func list<Value>(
        _ count: Int,
        _ values: UnsafeMutablePointer<Value>?,
        _ field: String,
        matching expected: Int,
        or absent: Value
    ) throws(WireError) -> [Value] {
        if count == 0 { return Array(repeating: absent, count: expected) }
        return try list(count, values, field, matching: expected)
    }

    /// A list of token ids.
    func tokens(
        _ count: Int,
        _ values: UnsafeMutablePointer<UInt32>?,
        _ field: String
    ) throws(WireError) -> [UInt32] {
        try list(count, values, field, limit: Int(limits.tokens))
    }

    // MARK: Messages

    /// The outermost message.
    func body<Value: WireConvertible>(_ proto: UnsafeMutablePointer<Value.Proto>?) throws(WireError) -> Value {
        guard let proto else { throw .malformed(message: name, reason: "the message is not there") }
        return try Value(decoding: proto.pointee, from: self)
    }

    /// A sub-message.
    func message<Value: WireConvertible>(
        _ proto: UnsafeMutablePointer<Value.Proto>?,
        _ field: String
    ) throws(WireError) -> Value {
        guard let proto else { throw missing(field) }
        do { return try Value(decoding: proto.pointee, from: self) } catch { throw error.inside(field) }
    }

    /// A sub-message that need not be there.
    func optionalMessage<Value: WireConvertible>(
        _ proto: UnsafeMutablePointer<Value.Proto>?,
        _ field: String
    ) throws(WireError) -> Value? {
        proto == nil ? nil : try message(proto, field)
    }

    /// Repeated sub-messages.
    func messages<Value: WireConvertible>(
        _ count: Int,
        _ protos: UnsafeMutablePointer<UnsafeMutablePointer<Value.Proto>?>?,
        _ field: String
    ) throws(WireError) -> [Value] {
        guard count <= limits.listEntries else {
            throw invalid(field, expected: "at most \(limits.listEntries) entries", actual: "\(count) entries")
        }
        var values: [Value] = []
        values.reserveCapacity(count)
        for (index, proto) in UnsafeBufferPointer(start: protos, count: count).enumerated() {
            values.append(try message(proto, "\(field)[\(index)]"))
        }
        return values
    }

    /// Repeated sub-messages: one for each of `count` others, or none.
    func messages<Value: WireConvertible>(
        _ count: Int,
        _ protos: UnsafeMutablePointer<UnsafeMutablePointer<Value.Proto>?>?,
        _ field: String,
        noneOr expected: Int
    ) throws(WireError) -> [Value] {
        guard count == 0 || count == expected else {
            throw invalid(field, expected: "none or \(expected) entries", actual: "\(count) entries")
        }
        return try messages(count, protos, field)
    }

    // MARK: Raw frames

    /// The only raw frame, with so many bytes; none where that is 0.
    func rawFrame(bytes: ClosedRange<Int>) throws(WireError) -> [UInt8] {
        let count = frames.first?.count ?? 0
        guard bytes.contains(count) else {
            throw .frames(message: name, expected: [bytes.lowerBound], actual: frames.map(\.count))
        }
        return try rawFrame(bytes: count)
    }

    /// The only raw frame, which must have `bytes` bytes; none where that is 0.
    func rawFrame(bytes: Int) throws(WireError) -> [UInt8] {
        let expected = bytes == 0 ? [] : [bytes]
        guard frames.map(\.count) == expected else {
            throw .frames(message: name, expected: expected, actual: frames.map(\.count))
        }
        return frames.first ?? []
    }
}
