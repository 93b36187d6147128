import CascadeTestSupport
import Testing

@testable import CascadeModel

@Suite struct GGUFWriterTests {
    @Test(arguments: [8, 32, 4096])
    func everyKindOfValueComesBack(alignment: Int) throws {
        let file = try GGUFFile(bytes: sampleWriter(alignment: alignment).bytes(), name: "sample")
        #expect(file.version == 3)
        #expect(file.alignment == alignment)
        #expect(try file.string("general.architecture") == "sample")
        #expect(try file.unsignedInteger("a.uint8") == 200)
        #expect(try file.unsignedInteger("a.uint16") == 60_000)
        #expect(try file.unsignedInteger("a.uint32") == 4_000_000_000)
        #expect(try file.unsignedInteger("a.uint64") == 1 << 62)
        #expect(try file.float("a.float32") == 1.5)
        #expect(try file.float("a.float64") == -2.25)
        #expect(try file.bool("a.bool"))
        #expect(try file.strings("a.strings") == [[0x61], [], [0xFF, 0x00]])
        #expect(try file.floats("a.floats") == [0.5, -4])
        #expect(try file.integers("a.integers") == [7, -7])
        #expect(file.entry("a.nested")?.array == GGUFEntry.Array(element: .array, count: 2))
        #expect(file.entry("a.int8").map(file.summary(of:)) == "-100")
        #expect(file.entry("a.int16").map(file.summary(of:)) == "-30000")
        #expect(file.entry("a.int32").map(file.summary(of:)) == "-2000000000")
        #expect(file.entry("a.int64").map(file.summary(of:)) == "\(-1 << 62)")
        let first = try file.tensor(named: "first.weight")
        #expect(first.type == .q8_0 && first.shape == [64, 3] && first.byteCount == 204)
        #expect(first.rowLength == 64 && first.rowCount == 3 && first.rowByteCount == 68 && first.elementCount == 192)
        #expect(try file.bytes(of: first) == (0..<204).map { UInt8($0) })
        #expect(try file.bytes(of: file.tensor(named: "second.bias")) == (0..<20).map { UInt8($0) })
        #expect(file.tensors.map(\.name) == ["first.weight", "second.bias"])
    }

    @Test func copyingEveryKeyGivesTheSameKeys() throws {
        let file = try GGUFFile(path: Fixtures.modelPath("tiny-qwen2.f16"))
        var writer = GGUFWriter()
        for entry in file.entries { writer.add(entry, of: file) }
        let copy = try GGUFFile(bytes: writer.bytes(), name: "copy")
        #expect(copy.entries == file.entries)
        #expect(copy.entries.map(copy.summary(of:)) == file.entries.map(file.summary(of:)))
        #expect(try copy.strings("tokenizer.ggml.merges") == file.strings("tokenizer.ggml.merges"))
        #expect(copy.tensors.isEmpty)
    }

    /// Sizes from ggml's block structures: scales, minima and quants added up.
    @Test func blockSizes() {
        let expected: [(TensorType, Int, Int)] = [
            (.f32, 1, 4), (.f16, 1, 2), (.bf16, 1, 2), (.q4_0, 32, 2 + 16), (.q4_1, 32, 4 + 16),
            (.q5_0, 32, 2 + 4 + 16), (.q5_1, 32, 4 + 4 + 16), (.q8_0, 32, 2 + 32), (.q8_1, 32, 4 + 32),
            (.q2_K, 256, 16 + 64 + 4), (.q3_K, 256, 32 + 64 + 12 + 2), (.q4_K, 256, 4 + 12 + 128),
            (.q5_K, 256, 4 + 12 + 32 + 128), (.q6_K, 256, 128 + 64 + 16 + 2), (.q8_K, 256, 4 + 256 + 32),
            (.iq4_nl, 32, 2 + 16), (.iq4_xs, 256, 2 + 2 + 4 + 128), (.mxfp4, 32, 1 + 16), (.nvfp4, 64, 4 + 32),
        ]
        for (type, numbers, bytes) in expected {
            #expect(type.blockSize == numbers && type.bytesPerBlock == bytes, "\(type.name)")
        }
        #expect(TensorType.q4_K.name == "Q4_K")
        #expect(TensorType.name(ofID: 31).contains("Q4_0_4_4"))
        #expect(TensorType.name(ofID: 999) == "type id 999")
        #expect(TensorType.q4_K.byteCount(rowOf: 512) == 288)
        #expect(TensorType.q4_K.byteCount(rowOf: 255) == nil)
        #expect(TensorType.q4_K.byteCount(rowOf: -256) == nil)
        #expect(TensorType.f64.byteCount(rowOf: .max) == nil)
    }
}
