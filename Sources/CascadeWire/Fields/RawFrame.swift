/// Little-endian arrays in raw frames.
enum RawFrame {
    /// Appends `value`'s bytes to `frame`.
    static func append(_ value: some FixedWidthInteger, to frame: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { frame.append(contentsOf: $0) }
    }

    /// Appends `value` as protobuf writes varints: 7 bits a byte, the lowest first.
    static func appendVarint(_ value: UInt32, to frame: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            frame.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        frame.append(UInt8(rest))
    }

    /// The varint at `offset`, which moves behind it; nil where none of at most 32 bits is there.
    static func varint(in frame: [UInt8], at offset: inout Int) -> UInt32? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 35, by: 7) {
            guard offset < frame.count else { return nil }
            let byte = frame[offset]
            offset += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return UInt32(exactly: value) }
        }
        return nil
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
