/// A domain value with a protobuf message of its own.
protocol WireConvertible {
    /// The generated structure.
    associatedtype Proto

    /// Converts and checks every field of `proto`; copies everything out of it.
    init(decoding proto: Proto, from reader: FieldReader) throws(WireError)

    /// The generated structure for this value. What it points to belongs to `writer`'s arena.
    func encode(to writer: inout FieldWriter) -> Proto
}

/// A domain enumeration with a protobuf twin.
protocol WireEnum: CaseIterable {
    /// The number in the schema; never 0, which means unspecified.
    var number: UInt32 { get }
}

extension WireEnum where Self: RawRepresentable, RawValue == UInt32 {
    var number: UInt32 { rawValue }
}
