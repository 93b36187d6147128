import CCascadeKernels
import CascadeTestSupport
import Testing

@testable import CascadeModel

/// Products of every weight type and kernel set, over odd sizes and tails.
struct MatmulKernelTests {
    /// Rows around a tile's 16, k of one and of several blocks, columns around a group's 8.
    static let shapes: [(rows: Int, blocks: Int, columns: Int)] = [
        (1, 1, 1), (15, 3, 2), (16, 1, 3), (17, 2, 4), (40, 1, 5), (33, 3, 6), (16, 2, 7), (5, 1, 8), (18, 2, 9),
        (49, 1, 16), (7, 3, 17),
    ]

    private func k(_ type: TensorType, _ blocks: Int) -> Int {
        // Float rows may have any length; 32 * 7 = 224 is no multiple of 256.
        type.isWide ? 256 * blocks : type.isQuantised ? (blocks == 3 ? 224 : 32 * blocks) : 11 * blocks
    }

    @Test(arguments: TestKernels.all, kernelTypes)
    func productIsDequantiseAndDot(_ kernels: TestKernels, _ type: TensorType) {
        var random = SeededGenerator(seed: 41)
        for shape in MatmulKernelTests.shapes {
            let k = k(type, shape.blocks)
            let bytes = random.weights(type, rows: shape.rows, k: k)
            let matrix = TestMatrix(type, rows: shape.rows, k: k, bytes: bytes)
            let x = random.activations(shape.columns * k)
            let y = matrix.product(kernels.table, x, columns: shape.columns)
            let blocks = matrix.quantised(kernels.table, x, columns: shape.columns)
            for column in 0..<shape.columns {
                let input = (0..<k).map { index -> Double in
                    guard type.isQuantised else { return Double(x[column * k + index]) }
                    let place = blockIndex(column: column, block: index / 32, columns: shape.columns, blocks: k / 32)
                    return Double(blocks[place].scale) * Double(codes(blocks[place])[index % 32])
                }
                for row in 0..<shape.rows {
                    var exact = 0.0
                    var size = 0.0
                    for index in 0..<k {
                        let term = Double(matrix.numbers[row * k + index]) * input[index]
                        exact += term
                        size += abs(term)
                    }
                    if type == .q4_1 {
                        exact += roundedSums(matrix, row, blocks, column, shape.columns)
                    }
                    let difference = abs(Double(y[column * shape.rows + row]) - exact)
                    #expect(difference <= 2e-6 * size + 1e-9, "\(shape) row \(row) column \(column)")
                }
            }
        }
    }

    /// What the narrow blocks' sums, rounded to binary16, add to the product with Q4_1's minima.
    private func roundedSums(
        _ matrix: TestMatrix,
        _ row: Int,
        _ blocks: [csk_block],
        _ column: Int,
        _ columns: Int
    ) -> Double {
        let count = matrix.k / 32
        return (0..<count).reduce(0.0) { sum, block in
            let offset = (row * count + block) * 20 + 2
            let bits = UInt16(matrix.bytes[offset]) | UInt16(matrix.bytes[offset + 1]) << 8
            let entry = blocks[blockIndex(column: column, block: block, columns: columns, blocks: count)]
            let exact = Double(entry.scale) * Double(codes(entry).reduce(0, +))
            return sum + Double(Float16(bitPattern: bits)) * (Double(entry.sum) - exact)
        }
    }

    @Test(arguments: TestKernels.all, kernelTypes)
    func columnsDoNotDependOnEachOther(_ kernels: TestKernels, _ type: TensorType) {
        var random = SeededGenerator(seed: 42)
        let (rows, k) = (37, type.isWide ? 768 : 224)
        let matrix = TestMatrix(type, rows: rows, k: k, bytes: random.weights(type, rows: rows, k: k))
        let x = random.activations(17 * k)
        let alone = (0..<17).flatMap { column in
            matrix.product(kernels.table, Array(x[column * k..<(column + 1) * k]), columns: 1)
        }
        for columns in 2...17 {
            let together = matrix.product(kernels.table, Array(x[..<(columns * k)]), columns: columns)
            #expect(together.map(\.bitPattern) == alone[..<(columns * rows)].map(\.bitPattern), "\(columns) columns")
        }
    }

    @Test(arguments: TestKernels.all, kernelTypes)
    func setsAgreeBitForBit(_ kernels: TestKernels, _ type: TensorType) {
        var random = SeededGenerator(seed: 43)
        for shape in MatmulKernelTests.shapes {
            let k = k(type, shape.blocks)
            let bytes = random.weights(type, rows: shape.rows, k: k)
            let matrix = TestMatrix(type, rows: shape.rows, k: k, bytes: bytes)
            let x = random.activations(shape.columns * k)
            let expected = matrix.product(TestKernels.generic, x, columns: shape.columns)
            let found = matrix.product(kernels.table, x, columns: shape.columns)
            #expect(found.map(\.bitPattern) == expected.map(\.bitPattern), "\(shape)")
        }
    }

    @Test(arguments: TestKernels.all)
    func extremeCodesDoNotOverflow(_ kernels: TestKernels) {
        // Largest codes against activations of largest magnitude and one sign: where saturating instructions fail.
        for type in kernelTypes where type.isQuantised {
            var bytes = [UInt8](repeating: 0xFF, count: 16 * 256 / type.blockSize * type.bytesPerBlock)
            for block in 0..<16 * 256 / type.blockSize {
                let one = Float16(1).bitPattern
                for offset in type == .q6_K ? [208] : type == .q4_1 || type == .q4_K ? [0, 2] : [0] {
                    bytes[block * type.bytesPerBlock + offset] = UInt8(truncatingIfNeeded: one)
                    bytes[block * type.bytesPerBlock + offset + 1] = UInt8(truncatingIfNeeded: one >> 8)
                }
                if type == .q8_0 {
                    for index in 0..<32 { bytes[block * 34 + 2 + index] = index % 2 == 0 ? 0x7F : 0x80 }
                }
            }
            let matrix = TestMatrix(type, rows: 16, k: 256, bytes: bytes)
            for sign: Float in [1, -1] {
                let y = matrix.product(kernels.table, [Float](repeating: 127 * sign, count: 256), columns: 1)
                for row in 0..<16 {
                    let exact = matrix.numbers[row * 256..<(row + 1) * 256].reduce(0.0) {
                        $0 + Double($1) * 127 * Double(sign)
                    }
                    #expect(abs(Double(y[row]) - exact) <= 1e-3 * abs(exact) + 1e-3, "\(type) row \(row)")
                }
            }
        }
    }

    @Test(arguments: TestKernels.all)
    func everyHalfIsWidenedExactly(_ kernels: TestKernels) {
        // As weights of one product with 1, all binary16 numbers that are finite.
        let halves = (UInt16.min...UInt16.max).filter { Float16(bitPattern: $0).isFinite }
        let bytes = halves.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
        let matrix = TestMatrix(.f16, rows: halves.count, k: 1, bytes: bytes)
        let y = matrix.product(kernels.table, [1], columns: 1)
        for (index, half) in halves.enumerated() {
            // The sum starts at +0, which -0 does not change.
            #expect(y[index] == Float(Float16(bitPattern: half)))
        }
    }

    @Test(arguments: TestKernels.all)
    func resultIsStoredAddedOrBiased(_ kernels: TestKernels) {
        var random = SeededGenerator(seed: 44)
        let matrix = TestMatrix(.q8_0, rows: 35, k: 64, bytes: random.weights(.q8_0, rows: 35, k: 64))
        let x = random.activations(3 * 64)
        let bias = random.activations(35)
        let plain = matrix.product(kernels.table, x, columns: 3)
        let biased = matrix.product(kernels.table, x, columns: 3, bias: bias)
        let added = matrix.product(kernels.table, x, columns: 3, add: true, initial: 2)
        let middle = matrix.product(kernels.table, x, columns: 3, initial: 7, tiles: 1..<2)
        for column in 0..<3 {
            for row in 0..<35 {
                let index = column * 35 + row
                #expect(biased[index] == plain[index] + bias[row])
                #expect(added[index] == 2 + plain[index])
                #expect(middle[index] == (16..<32 ~= row ? plain[index] : 7))
            }
        }
    }

    @Test(arguments: kernelTypes)
    func brokenScalesAreReported(_ type: TensorType) {
        var random = SeededGenerator(seed: 45)
        let k = type.isWide ? 256 : 64
        var bytes = random.weights(type, rows: 17, k: k)
        let last = bytes.count - type.bytesPerBlock
        let offset = last + (type == .q6_K ? 208 : 0)
        if type == .f32 { bytes[offset + 2] = 0x80 }
        bytes[offset + (type == .f32 ? 3 : 1)] = type == .f32 ? 0x7F : 0x7C
        let tiles = UnsafeMutableRawPointer.allocate(byteCount: 2 * csk_tile_bytes(type.kernelType, k), alignment: 64)
        defer { tiles.deallocate() }
        #expect(csk_repack(type.kernelType, bytes, 17, k, 0, 1, tiles))
        #expect(!csk_repack(type.kernelType, bytes, 17, k, 1, 2, tiles))
    }

    @Test(arguments: kernelTypes)
    func rowsAreDequantisedAsDefined(_ type: TensorType) {
        var random = SeededGenerator(seed: 46)
        let bytes = random.weights(type, rows: 3, k: 512)
        var row = [Float](repeating: 0, count: 3 * 512)
        csk_dequantise(type.kernelType, bytes, 3 * 512, &row)
        #expect(row == bytes.withUnsafeBytes { Dequantise.numbers(type, $0) })
    }
}
