import CCascadeKernels
import CascadeTestSupport
import Foundation
import Testing

@testable import CascadeModel

/// A kernel set under a name that shows in test output.
struct TestKernels: CustomTestStringConvertible, Sendable {
    let kernelSet: KernelSet
    var table: csk_kernels { kernelSet.table }
    var testDescription: String { kernelSet.name }

    /// The sets of this machine; the generic one, which is the spec, is the last.
    static let all = KernelSet.names.compactMap { name in
        (try? KernelSet(named: name)).map { TestKernels(kernelSet: $0) }
    }

    /// The spec.
    static var generic: csk_kernels { all[all.count - 1].table }
}

/// The weight types that there are kernels for.
let kernelTypes: [TensorType] = [.f32, .f16, .q4_0, .q4_1, .q5_0, .q8_0, .q4_K, .q6_K]

extension TensorType {
    var kernelType: csk_type { csk_type(rawValue: rawValue) }
    var isQuantised: Bool { self != .f32 && self != .f16 }
    /// Whether activations share a scale per 256.
    var isWide: Bool { self == .q4_K || self == .q6_K }
}

extension SeededGenerator {
    /// A number around 0, mostly within 1, sometimes far out, as activations are.
    mutating func activation() -> Float {
        let value = Float.random(in: -1...1, using: &self)
        return Int.random(in: 0..<100, using: &self) == 0 ? value * 30 : value
    }

    mutating func activations(_ count: Int) -> [Float] { (0..<count).map { _ in activation() } }

    /// A row-major matrix in the format of `type`: random codes, sensible scales.
    mutating func weights(_ type: TensorType, rows: Int, k: Int) -> [UInt8] {
        var bytes = self.bytes(rows * k / type.blockSize * type.bytesPerBlock)
        func store(_ value: Float, at offset: Int) {
            let bits = Float16(value).bitPattern
            bytes[offset] = UInt8(truncatingIfNeeded: bits)
            bytes[offset + 1] = UInt8(truncatingIfNeeded: bits >> 8)
        }
        for block in 0..<rows * k / type.blockSize {
            let offset = block * type.bytesPerBlock
            switch type {
            case .f32:
                let bits = Float.random(in: -0.1...0.1, using: &self).bitPattern
                for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: bits >> UInt32(8 * index)) }
            case .f16: store(Float.random(in: -0.1...0.1, using: &self), at: offset)
            case .q6_K: store(Float.random(in: -0.001...0.001, using: &self), at: offset + 208)
            default: store(Float.random(in: -0.01...0.01, using: &self), at: offset)
            }
            if type == .q4_1 || type == .q4_K { store(Float.random(in: -0.01...0.01, using: &self), at: offset + 2) }
        }
        return bytes
    }
}

/// A matrix repacked for the kernels, and its numbers as floats.
final class TestMatrix {
    let type: TensorType
    let rows: Int
    let k: Int
    /// Row-major.
    let numbers: [Float]
    let bytes: [UInt8]
    private let tiles: UnsafeMutableRawPointer
    private let tileBytes: Int

    init(_ type: TensorType, rows: Int, k: Int, bytes: [UInt8]) {
        self.type = type
        self.rows = rows
        self.k = k
        self.bytes = bytes
        numbers = bytes.withUnsafeBytes { Dequantise.numbers(type, $0) }
        tileBytes = csk_tile_bytes(type.kernelType, k)
        let count = (rows + 15) / 16
        tiles = .allocate(byteCount: max(count * tileBytes, 64), alignment: 64)
        #expect(csk_repack(type.kernelType, bytes, rows, k, 0, count, tiles))
    }

    deinit { tiles.deallocate() }

    var matrix: csk_matrix {
        csk_matrix(
            type: type.kernelType,
            rows: UInt32(rows),
            k: UInt32(k),
            tiles: UnsafeRawPointer(tiles),
            tile_bytes: tileBytes
        )
    }

    /// The product with `columns` columns of k floats; column-major, `rows` numbers each. `tiles` limits which tiles
    /// are computed; what is not computed is `initial`.
    func product(
        _ kernels: csk_kernels,
        _ x: [Float],
        columns: Int,
        bias: [Float]? = nil,
        add: Bool = false,
        initial: Float = 0,
        tiles: Range<Int>? = nil
    ) -> [Float] {
        var out = [Float](repeating: initial, count: columns * rows)
        let blocks = quantised(kernels, x, columns: columns)
        out.withUnsafeMutableBufferPointer { out in
            x.withUnsafeBufferPointer { x in
                blocks.withUnsafeBufferPointer { blocks in
                    (bias ?? []).withUnsafeBufferPointer { values in
                        var matrix = matrix
                        let input = csk_columns(
                            blocks: blocks.baseAddress,
                            values: x.baseAddress,
                            stride: k,
                            columns: columns
                        )
                        let result = csk_result(
                            out: out.baseAddress,
                            stride: rows,
                            bias: bias == nil ? nil : values.baseAddress,
                            add: add
                        )
                        let tiles = tiles ?? 0..<matrix.tileCount
                        kernels.matmul(&matrix, input, tiles.lowerBound, tiles.upperBound, result)
                    }
                }
            }
        }
        return out
    }

    /// The columns as the kernels read them; empty for float weights.
    func quantised(_ kernels: csk_kernels, _ x: [Float], columns: Int) -> [csk_block] {
        guard type.isQuantised else { return [] }
        var blocks = [csk_block](repeating: csk_block(), count: columns * k / 32)
        kernels.quantise(x, k, columns, k, 0, columns, 0, k / 32, type.isWide, &blocks)
        return blocks
    }
}

/// The 32 codes of a block.
func codes(_ block: csk_block) -> [Int] {
    withUnsafeBytes(of: block.q) { $0.map { Int(Int8(bitPattern: $0)) } }
}

/// Where block `block` of column `column` lies, of `columns` columns with `blocks` blocks each.
func blockIndex(column: Int, block: Int, columns: Int, blocks: Int) -> Int {
    let groups = (columns + 7) / 8
    var start = 0
    for group in 0..<groups {
        let size = columns / groups + (group < columns % groups ? 1 : 0)
        if column < start + size { return start * blocks + block * size + column - start }
        start += size
    }
    return -1
}
