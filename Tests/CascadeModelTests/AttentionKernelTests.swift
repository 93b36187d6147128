import CCascadeKernels
import CascadeTestSupport
import Foundation
import Testing

@testable import CascadeModel

/// Attention over pages of the KV cache.
struct AttentionKernelTests {
    /// Keys and values of one head in pages that are full of NaN but for the tokens written.
    private final class Pages {
        let size: Int
        let offset = 128
        var keys: [[Float]] = []
        var values: [[Float]] = []
        private(set) var pages: [UnsafeRawPointer?] = []
        private var memory: [UnsafeMutableRawBufferPointer] = []

        init(size: Int) { self.size = size }

        deinit { for page in memory { page.deallocate() } }

        func append(_ key: [Float], _ value: [Float], _ kernels: csk_kernels) {
            let position = keys.count
            if position % 64 == 0 {
                let page = UnsafeMutableRawBufferPointer.allocate(byteCount: offset + 2 * 64 * size * 2, alignment: 64)
                page.bindMemory(to: UInt16.self).update(repeating: 0x7E00)
                memory.append(page)
                pages.append(UnsafeRawPointer(page.baseAddress))
            }
            guard let base = memory[position / 64].baseAddress else { return }
            let head = (base + offset).assumingMemoryBound(to: UInt16.self)
            kernels.store_keys(key, size, position % 64, head)
            kernels.store_values(value, size, position % 64, head + 64 * size)
            keys.append(key.map { Float(Float16($0)) })
            values.append(value.map { Float(Float16($0)) })
        }

        func attend(_ kernels: csk_kernels, _ query: [Float], heads: Int, length: Int) -> [Float] {
            var out = [Float](repeating: .nan, count: heads * size)
            let stride = (length + 63) / 64 * 64
            var scores = [Float](repeating: .nan, count: heads * stride)
            pages.withUnsafeBufferPointer { pages in
                query.withUnsafeBufferPointer { query in
                    out.withUnsafeMutableBufferPointer { out in
                        scores.withUnsafeMutableBufferPointer { scores in
                            var attention = csk_attention()
                            attention.pages = pages.baseAddress
                            attention.offset = offset
                            attention.length = length
                            attention.head_size = size
                            attention.heads = heads
                            attention.query = query.baseAddress
                            attention.out = out.baseAddress
                            attention.scale = 1 / Float(size).squareRoot()
                            attention.scores = scores.baseAddress
                            attention.score_stride = stride
                            kernels.attend(&attention)
                        }
                    }
                }
            }
            return out
        }

        func exact(_ query: ArraySlice<Float>, length: Int) -> [Double] {
            let scores = (0..<length).map { position in
                zip(query, keys[position]).reduce(0.0) { $0 + Double($1.0) * Double($1.1) } / Double(size).squareRoot()
            }
            let largest = scores.max() ?? 0
            let terms = scores.map { exp($0 - largest) }
            let total = terms.reduce(0, +)
            return (0..<size).map { d in
                (0..<length).reduce(0.0) { $0 + terms[$1] * Double(values[$1][d]) } / total
            }
        }
    }

    private func filled(_ count: Int, size: Int, _ random: inout SeededGenerator, _ kernels: csk_kernels) -> Pages {
        let pages = Pages(size: size)
        for _ in 0..<count { pages.append(random.activations(size), random.activations(size), kernels) }
        return pages
    }

    @Test(arguments: TestKernels.all)
    func attentionIsSoftmaxOverThePositions(_ kernels: TestKernels) {
        var random = SeededGenerator(seed: 61)
        for (size, heads, length) in [
            (32, 1, 1), (64, 2, 15), (64, 7, 16), (128, 6, 17), (32, 9, 63), (96, 3, 64), (64, 8, 65), (128, 4, 200),
        ] {
            let pages = filled(length, size: size, &random, kernels.table)
            let query = random.activations(heads * size)
            let out = pages.attend(kernels.table, query, heads: heads, length: length)
            for head in 0..<heads {
                let exact = pages.exact(query[head * size..<(head + 1) * size], length: length)
                for d in 0..<size {
                    // Shares are rounded to binary16 at most.
                    let limit = 2e-3 * (1 + abs(exact[d]))
                    #expect(abs(Double(out[head * size + d]) - exact[d]) <= limit, "\(size) \(heads) \(length)")
                }
            }
        }
    }

    @Test(arguments: TestKernels.all)
    func tokensBehindTheRowDoNotShow(_ kernels: TestKernels) {
        var random = SeededGenerator(seed: 62)
        let query = random.activations(3 * 64)
        let pages = filled(70, size: 64, &random, kernels.table)
        let before = pages.attend(kernels.table, query, heads: 3, length: 70)
        for _ in 0..<5 { pages.append(random.activations(64), random.activations(64), kernels.table) }
        let after = pages.attend(kernels.table, query, heads: 3, length: 70)
        #expect(before.map(\.bitPattern) == after.map(\.bitPattern))
        #expect(before.allSatisfy { $0.isFinite })
    }

    @Test(arguments: TestKernels.all)
    func setsAgreeBitForBit(_ kernels: TestKernels) {
        for heads in 1...9 {
            func result(_ table: csk_kernels) -> [UInt32] {
                var random = SeededGenerator(seed: 63)
                let pages = filled(100, size: 64, &random, table)
                return pages.attend(table, random.activations(heads * 64), heads: heads, length: 100).map(\.bitPattern)
            }
            #expect(result(kernels.table) == result(TestKernels.generic), "\(heads) heads")
        }
    }
}
