import CascadeCore
import CascadeTestSupport
import Foundation
import Testing

@testable import CascadeModel

@Suite struct GGUFFileTests {
    @Test(arguments: Fixtures.modelNames)
    func opensEveryTinyModel(name: String) throws {
        let file = try GGUFFile(path: Fixtures.modelPath(name))
        let architecture = try file.string("general.architecture")
        #expect(name.hasPrefix("tiny-\(architecture)."))
        #expect(try file.unsignedInteger("\(architecture).block_count") == 3)
        #expect(try file.float("\(architecture).attention.layer_norm_rms_epsilon") == 1e-6)
        #expect(try file.bool("tokenizer.ggml.add_bos_token") == false)
        #expect(try file.strings("tokenizer.ggml.tokens").count == 512)
        #expect(try file.integers("tokenizer.ggml.token_type").filter { $0 == 3 }.count == 3)
        let embedding = try file.tensor(named: "token_embd.weight")
        #expect(embedding.shape == [256, 512])
        #expect(try file.bytes(of: embedding).count == embedding.rowCount * embedding.rowByteCount)
        #expect(file.tensors.allSatisfy { $0.fileOffset % file.alignment == 0 })
    }

    @Test(.needsAnyModel, arguments: RealModel.testable)
    func opensRealModel(model: RealModel) throws {
        let file = try GGUFFile(path: model.path)
        #expect(try file.strings("tokenizer.ggml.tokens").count == Fixtures.oracle(model.oracleName).vocab)
        let last = try #require(file.tensors.max { $0.fileOffset < $1.fileOffset })
        #expect(file.byteCount - last.fileOffset - last.byteCount < file.alignment)
    }

    @Test func aFileAndItsBytesAreTheSame() throws {
        let path = Fixtures.modelPath("tiny-llama.Q4_1")
        let opened = try GGUFFile(path: path)
        let held = try GGUFFile(bytes: [UInt8](Data(contentsOf: URL(fileURLWithPath: path))), name: "held")
        #expect(opened.entries == held.entries)
        #expect(opened.tensors == held.tensors)
        for tensor in opened.tensors {
            let bytes = try opened.bytes(of: tensor)
            #expect(try bytes == held.bytes(of: tensor))
            let last = tensor.rowCount - 1
            #expect(try opened.bytes(of: tensor, rows: last..<last + 1) == bytes.suffix(tensor.rowByteCount))
        }
    }

    @Test func namesWhatIsMissing() throws {
        let file = try GGUFFile(path: Fixtures.modelPath("tiny-llama.f32"))
        let key = #expect(throws: GGUFError.self) { _ = try file.unsignedInteger("llama.no_such_key") }
        #expect(key?.code == .missing)
        #expect(key?.description.contains("key 'llama.no_such_key'") == true)
        #expect(key?.description.hasPrefix(file.path) == true)
        let tensor = #expect(throws: GGUFError.self) { _ = try file.tensor(named: "blk.3.attn_q.weight") }
        #expect(tensor?.code == .missing)
        #expect(tensor?.description.contains("tensor 'blk.3.attn_q.weight'") == true)
        #expect(file.optionalTensor(named: "blk.3.attn_q.weight") == nil)
        #expect(try file.optionalString("none") == nil)
        #expect(try file.optionalUnsignedInteger("none") == nil)
        #expect(try file.optionalFloat("none") == nil)
        #expect(try file.optionalBool("none") == nil)
        #expect(try file.optionalStrings("none") == nil)
        #expect(try file.optionalIntegers("none") == nil)
        #expect(try file.optionalFloats("none") == nil)
    }

    @Test func refusesValuesOfAnotherType() throws {
        var writer = GGUFWriter()
        writer.add("negative", .int32(-1))
        writer.add("huge", .uint64(.max))
        writer.add("text", .string("seven"))
        writer.add("not utf-8", .string([0xFF, 0x41]))
        writer.add("infinite", .float32(.infinity))
        writer.add("too large for a Float", .float64(1e300))
        writer.add("mixed", .array(.uint64, [.uint64(1), .uint64(.max)]))
        let file = try GGUFFile(bytes: writer.bytes(), name: "values")
        func refused<Value>(_ read: () throws -> Value, _ words: String..., line: Int = #line) {
            let error = #expect(throws: GGUFError.self) { _ = try read() }
            #expect(error?.code == .wrongType, "line \(line)")
            for word in words { #expect(error?.description.contains(word) == true, "line \(line)") }
        }
        refused({ try file.unsignedInteger("negative") }, "key 'negative'", "int32 -1")
        refused({ try file.unsignedInteger("huge") }, "uint64 18446744073709551615")
        refused({ try file.unsignedInteger("text") }, "string \"seven\"")
        refused({ try file.optionalUnsignedInteger("text") }, "string \"seven\"")
        refused({ try file.string("huge") }, "a string")
        refused({ try file.string("not utf-8") }, "UTF-8")
        refused({ try file.float("infinite") }, "finite", "inf")
        refused({ try file.float("too large for a Float") }, "finite", "1e+300")
        refused({ try file.float("negative") }, "floating-point")
        refused({ try file.bool("negative") }, "boolean")
        refused({ try file.integers("mixed") }, "index 1")
        refused({ try file.integers("text") }, "array of integers")
        refused({ try file.strings("mixed") }, "array of strings", "array of 2 uint64 [1, 18446744073709551615]")
        refused({ try file.floats("mixed") }, "array of floating-point")
        #expect(try file.stringBytes("not utf-8") == [0xFF, 0x41])
    }

    @Test func unreadablePathsAreErrors() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("gguf-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let empty = folder.appendingPathComponent("empty.gguf").path
        try Data().write(to: URL(fileURLWithPath: empty))
        let pipe = folder.appendingPathComponent("pipe.gguf").path
        #expect(mkfifo(pipe, 0o600) == 0)
        for path in [folder.path, empty, pipe, folder.appendingPathComponent("none.gguf").path] {
            let error = #expect(throws: GGUFError.self) { _ = try GGUFFile(path: path) }
            #expect(error?.code == .unreadable)
            #expect(error?.path == path)
        }
    }

    @Test func summariesFitOneLineAndEscapeControlCharacters() throws {
        var writer = GGUFWriter()
        writer.add("text", .string("a\u{1B}[2Jb\n" + String(repeating: "x", count: 100)))
        writer.add("numbers", .array(.int16, (0..<9).map { .int16($0) }))
        writer.add("nested", .array(.array, [.array(.uint8, [.uint8(1)])]))
        writer.add("flag", .bool(true))
        let file = try GGUFFile(bytes: writer.bytes(), name: "summary")
        let lines = file.entries.map { "\($0.key) \(file.typeName(of: $0)) \(file.summary(of: $0))" }
        #expect(lines[0].hasPrefix(#"text string "a\u{1B}[2Jb\nxxx"#))
        #expect(lines[0].hasSuffix("x\"…") && lines[0].count < 90)
        #expect(lines[1] == "numbers array of 9 int16 [0, 1, 2, 3, …]")
        #expect(lines[2] == "nested array of 1 array […]")
        #expect(lines[3] == "flag bool true")
    }
}
