package import CascadeModel

/// A tensor's numbers as floats, by the plainest code that follows the format's definition: what kernels are tested
/// against. Traps on types that it does not know.
package enum Dequantise {
    /// All numbers of `count` rows from row `first` on.
    package static func rows(_ tensor: GGUFTensor, of file: GGUFFile, first: Int, count: Int) throws -> [Float] {
        try file.bytes(of: tensor, rows: first..<first + count).withUnsafeBytes { numbers(tensor.type, $0) }
    }

    /// The numbers of whole blocks.
    package static func numbers(_ type: TensorType, _ bytes: UnsafeRawBufferPointer) -> [Float] {
        let blocks = bytes.count / type.bytesPerBlock
        var out = [Float](repeating: 0, count: blocks * type.blockSize)
        out.withUnsafeMutableBufferPointer { out in
            for block in 0..<blocks {
                let source = UnsafeRawBufferPointer(rebasing: bytes[block * type.bytesPerBlock..<bytes.count])
                let target = UnsafeMutableBufferPointer(rebasing: out[block * type.blockSize..<out.count])
                dequantise(type, source, target)
            }
        }
        return out
    }

    private static func half(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> Float {
        Float(Float16(bitPattern: UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8))
    }

    private static func dequantise(
        _ type: TensorType,
        _ b: UnsafeRawBufferPointer,
        _ out: UnsafeMutableBufferPointer<Float>
    ) {
        switch type {
        case .f32: out[0] = b.loadUnaligned(as: Float.self)
        case .f16: out[0] = half(b, 0)
        case .q4_0:
            for i in 0..<32 {
                let code = i < 16 ? b[2 + i] & 15 : b[2 + i - 16] >> 4
                out[i] = half(b, 0) * Float(Int(code) - 8)
            }
        case .q4_1:
            for i in 0..<32 {
                let code = i < 16 ? b[4 + i] & 15 : b[4 + i - 16] >> 4
                out[i] = half(b, 0) * Float(code) + half(b, 2)
            }
        case .q5_0:
            let high = b.loadUnaligned(fromByteOffset: 2, as: UInt32.self)
            for i in 0..<32 {
                let low = i < 16 ? b[6 + i] & 15 : b[6 + i - 16] >> 4
                let code = Int(low) + Int((high >> UInt32(i)) & 1) * 16
                out[i] = half(b, 0) * Float(code - 16)
            }
        case .q8_0:
            for i in 0..<32 { out[i] = half(b, 0) * Float(Int8(bitPattern: b[2 + i])) }
        case .q4_K: q4K(b, out)
        case .q6_K: q6K(b, out)
        default: fatalError("no reference for \(type.name)")
        }
    }

    /// 8 sub-blocks of 32; 6-bit scales and minima, packed in 12 bytes.
    private static func q4K(_ b: UnsafeRawBufferPointer, _ out: UnsafeMutableBufferPointer<Float>) {
        for j in 0..<8 {
            let scale: UInt8
            let minimum: UInt8
            if j < 4 {
                scale = b[4 + j] & 63
                minimum = b[4 + j + 4] & 63
            } else {
                scale = b[4 + j + 4] & 15 | (b[4 + j - 4] >> 6) << 4
                minimum = b[4 + j + 4] >> 4 | (b[4 + j] >> 6) << 4
            }
            for i in 0..<32 {
                let byte = b[16 + j / 2 * 32 + i]
                let code = j % 2 == 0 ? byte & 15 : byte >> 4
                out[32 * j + i] = half(b, 0) * Float(scale) * Float(code) - half(b, 2) * Float(minimum)
            }
        }
    }

    /// 16 sub-blocks of 16; low nibbles, then top two bits, then signed scales.
    private static func q6K(_ b: UnsafeRawBufferPointer, _ out: UnsafeMutableBufferPointer<Float>) {
        for i in 0..<256 {
            let (section, quarter, l) = (i / 128, i % 128 / 32, i % 32)
            let byte = b[section * 64 + quarter % 2 * 32 + l]
            let low = quarter < 2 ? byte & 15 : byte >> 4
            let top = (b[128 + section * 32 + l] >> UInt8(2 * quarter)) & 3
            let scale = Int8(bitPattern: b[192 + i / 16])
            out[i] = half(b, 208) * Float(scale) * Float(Int(low | top << 4) - 32)
        }
    }
}
