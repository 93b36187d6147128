/// Little-endian arrays in raw frames.
enum RawFrame {
    /// Appends `value`'s bytes to `frame`.
    static func append(_ value: some FixedWidthInteger, to frame: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { frame.append(contentsOf: $0) }
    }

    /// The `count` values at `offset`, which moves behind them. The frame's size must have been checked.
    static func values<Value: FixedWidthInteger & BitwiseCopyable>(
        _ count: Int,
        in frame: [UInt8],
        at offset: inout Int
    ) -> [Value] {
        let bytes = frame.span.bytes
        var values: [Value] = []
        values.reserveCapacity(count)
        for _ in 0..<count {
            values.append(Value(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Value.self)))
            offset += MemoryLayout<Value>.size
        }
        return values
    }
}
