import CascadeTestSupport
import Foundation
import Testing

@testable import CascadeModel

/// Bytes that are no GGUF file, or no longer one. Each either loads or is a `GGUFError`; nothing traps.
@Suite struct GGUFHostileTests {
    // MARK: Truncation and bit flips

    @Test func everyTruncationOfASmallFileIsAnError() throws {
        let bytes = sampleWriter().bytes()
        for count in 0..<bytes.count {
            let error = #expect(throws: GGUFError.self, "\(count) of \(bytes.count) bytes") {
                _ = try GGUFFile(bytes: Array(bytes[..<count]), name: "cut")
            }
            #expect(error?.code == .truncated, "\(count) bytes")
        }
    }

    @Test func everyTruncationOfATokenizerBlockIsAnErrorOrLoads() throws {
        let bytes = try GGUFFile(path: Fixtures.modelPath("tiny-llama.Q4_K_M")).tokenizerBlock()
        var loaded = 0
        for count in 0..<bytes.count {
            guard let file = try load(Array(bytes[..<count])) else { continue }
            loaded += 1
            readEverything(of: file)
        }
        // Without tensors only the padding at the end can be missing.
        #expect(loaded < 32)
    }

    @Test func truncatedTensorDataIsAnError() throws {
        let whole = try GGUFFile(path: Fixtures.modelPath("tiny-llama.Q4_K_M"))
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: whole.path)))
        let last = try #require(whole.tensors.max { $0.fileOffset < $1.fileOffset })
        for count in [whole.header.end, whole.header.end + 40, last.fileOffset, last.fileOffset + last.byteCount - 1] {
            let error = #expect(throws: GGUFError.self) {
                _ = try GGUFFile(bytes: Array(bytes[..<count]), name: "cut")
            }
            #expect(error?.code == .truncated)
            #expect(error?.subject.hasPrefix("tensor '") == true)
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func flippedBitsLoadOrAreErrors(seed: UInt64) throws {
        let block = try GGUFFile(path: Fixtures.modelPath("tiny-qwen2.f16")).tokenizerBlock()
        var generator = SeededGenerator(seed: seed)
        for original in [sampleWriter().bytes(), block] {
            var refused = 0
            for _ in 0..<1_000 {
                var bytes = original
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    let index = Int.random(in: 0..<min(bytes.count, 2_000), using: &generator)
                    bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                }
                if let file = try load(bytes) { readEverything(of: file) } else { refused += 1 }
            }
            #expect(refused > 100 && refused < 1_000)
        }
    }

    @Test func randomBytesBehindAGoodHeadAreErrors() throws {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<2_000 {
            var bytes = head(
                tensors: .random(in: 0...3, using: &generator),
                keys: .random(in: 0...3, using: &generator)
            )
            bytes += generator.bytes(200)
            if let file = try load(bytes) { readEverything(of: file) }
        }
    }

    // MARK: Heads

    @Test func foreignMagicAndVersions() {
        expect(.notGGUF, "magic", in: [UInt8]("GGML".utf8) + [UInt8](repeating: 0, count: 20))
        expect(.unsupportedVersion, "version", in: head(version: 1, tensors: 0, keys: 0))
        expect(.unsupportedVersion, "version", in: head(version: 4, tensors: 0, keys: 0))
        expect(.notGGUF, "version", in: head(version: UInt32(3).byteSwapped, tensors: 0, keys: 0))
        #expect(throws: Never.self) { try GGUFFile(bytes: head(version: 2, tensors: 0, keys: 0), name: "empty") }
    }

    @Test(arguments: [1, 1 << 20, 1 << 62, UInt64.max])
    func countsThatTheFileCannotHold(count: UInt64) {
        expect(.truncated, "header", in: head(tensors: count, keys: 0))
        expect(.truncated, "header", in: head(tensors: 0, keys: count))
        var key = head(tensors: 0, keys: 1)
        key.append(littleEndian: count + (count == .max ? 0 : 100))
        expect(.truncated, "key 0", in: key + [UInt8](repeating: 0x61, count: 40))
        expect(
            .truncated,
            "key 'k'",
            in: keyed(.array) { bytes in
                bytes.append(littleEndian: GGUFValueType.string.rawValue)
                bytes.append(littleEndian: count)
            }
        )
        expect(
            .truncated,
            "key 'k'",
            in: keyed(.array) { bytes in
                bytes.append(littleEndian: GGUFValueType.uint64.rawValue)
                bytes.append(littleEndian: count)
            }
        )
        expect(.truncated, "key 'k'", in: keyed(.string) { $0.append(littleEndian: count) })
    }

    // MARK: Keys

    @Test func badKeys() {
        expect(.malformed, "key 0", in: keyed(.uint8, key: "") { $0.append(1) })
        expect(.malformed, "key 0", in: keyed(.uint8, key: String(repeating: "x", count: 65_536)) { $0.append(1) })
        var invalid = head(tensors: 0, keys: 1)
        GGUFValue.string([0xC3, 0x28]).append(to: &invalid)
        invalid.append(littleEndian: GGUFValueType.uint8.rawValue)
        expect(.malformed, "key 0", in: invalid + [1])
        var unknownType = head(tensors: 0, keys: 1)
        GGUFValue.string("k").append(to: &unknownType)
        unknownType.append(littleEndian: UInt32(13))
        expect(.malformed, "key 'k'", in: unknownType + [1, 2, 3, 4, 5, 6, 7, 8])
        var twice = GGUFWriter()
        twice.add("k", .uint8(1))
        twice.add("k", .uint8(2))
        expect(.duplicate, "key 'k'", in: twice.bytes())
    }

    @Test func arraysNestedTooDeep() throws {
        func nested(_ depth: Int) -> GGUFValue {
            (1..<depth).reduce(.array(.uint8, [.uint8(1)])) { value, _ in .array(.array, [value]) }
        }
        var shallow = GGUFWriter()
        shallow.add("k", nested(4))
        readEverything(of: try GGUFFile(bytes: shallow.bytes(), name: "nested"))
        for depth in [5, 6, 100_000] {
            // Written by hand: a value of that depth would be freed recursively.
            let deep = keyed(.array) { bytes in
                for _ in 1..<depth {
                    bytes.append(littleEndian: GGUFValueType.array.rawValue)
                    bytes.append(littleEndian: UInt64(1))
                }
                bytes.append(littleEndian: GGUFValueType.uint8.rawValue)
                bytes.append(littleEndian: UInt64(1))
                bytes.append(1)
            }
            expect(.malformed, "key 'k'", in: deep)
        }
    }

    @Test func badAlignments() throws {
        for value: GGUFValue in [
            .uint32(0), .uint32(1), .uint32(4), .uint32(24), .uint32(1 << 31), .int32(-32), .string("32"),
            .uint64(.max), .float32(32),
        ] {
            var writer = GGUFWriter()
            writer.add("general.alignment", value)
            writer.addTensor("t", .f32, shape: [1], bytes: [0, 0, 0, 0])
            expect(.malformed, "key 'general.alignment'", in: writer.bytes())
        }
        var unaligned = sampleWriter().bytes()
        // The second tensor's offset: the last eight bytes of the table.
        let end = try GGUFFile(bytes: unaligned, name: "sample").header.end
        unaligned[end - 8] += 4
        expect(.malformed, "tensor 'second.bias'", in: unaligned)
    }

    // MARK: Tensors

    @Test func badShapes() {
        expect(.malformed, "tensor 't'", in: tensor(shape: []))
        expect(.malformed, "tensor 't'", in: tensor(shape: [1, 1, 1, 1, 1]))
        expect(.malformed, "tensor 't'", in: tensor(shape: [4, 0]))
        expect(.malformed, "tensor 't'", in: tensor(shape: [1 << 63]))
        expect(.malformed, "tensor 't'", in: tensor(shape: [UInt64(Int.max)]))
        expect(.malformed, "tensor 't'", in: tensor(shape: [1 << 32, 1 << 31]))
        expect(.malformed, "tensor 't'", in: tensor(shape: [1 << 20, 1 << 20, 1 << 20, 1 << 20]))
        // 2^63 numbers in fewer than 2^63 bytes.
        expect(.malformed, "tensor 't'", in: tensor(.q4_0, shape: [1 << 32, 1 << 31]))
        expect(.malformed, "tensor 't'", in: tensor(.q4_K, shape: [255, 2]))
        expect(.truncated, "tensor 't'", in: tensor(shape: [17]))
        expect(.truncated, "tensor 't'", in: tensor(shape: [1 << 40]))
        expect(.truncated, "tensor 't'", in: tensor(shape: [16], offset: 32))
        expect(.truncated, "tensor 't'", in: tensor(shape: [16], offset: .max - 31))
        expect(.truncated, "tensor 't'", in: tensor(shape: [16], offset: 1 << 63))
        #expect(throws: Never.self) { try GGUFFile(bytes: tensor(shape: [16]), name: "good") }
    }

    @Test func badTensorNamesAndTypes() throws {
        expect(.malformed, "tensor 0", in: tensor("", shape: [16]))
        expect(.malformed, "tensor 0", in: tensor(String(repeating: "n", count: 65), shape: [16]))
        for id: UInt32 in [4, 31, 42, 1_000, .max] {
            let error = expect(.malformed, "tensor 't'", in: tensor(typeID: id, shape: [16]))
            #expect(error?.found.contains("\(id)") == true)
        }
        var writer = GGUFWriter()
        writer.addTensor("t", .f32, shape: [1], bytes: [0, 0, 0, 0])
        writer.addTensor("t", .f32, shape: [1], bytes: [0, 0, 0, 0])
        expect(.duplicate, "tensor 't'", in: writer.bytes())
    }

    @Test func tensorsMayShareBytes() throws {
        var bytes = head(tensors: 2, keys: 0)
        appendTensor("a", TensorType.f32.rawValue, [8], 0, to: &bytes)
        appendTensor("b", TensorType.f32.rawValue, [8], 0, to: &bytes)
        bytes += [UInt8](repeating: 9, count: 128)
        let file = try GGUFFile(bytes: bytes, name: "shared")
        #expect(file.tensors[0].fileOffset == file.tensors[1].fileOffset)
        readEverything(of: file)
    }

    // MARK: Parts

    /// A file, or nil when the bytes are refused with a `GGUFError`; any other error fails the test.
    private func load(_ bytes: [UInt8]) throws -> GGUFFile? {
        do throws(GGUFError) {
            return try GGUFFile(bytes: bytes, name: "hostile")
        } catch {
            #expect(error.path == "hostile")
            return nil
        }
    }

    @discardableResult
    private func expect(
        _ code: GGUFError.Code,
        _ subject: String,
        in bytes: [UInt8],
        sourceLocation: SourceLocation = #_sourceLocation
    ) -> GGUFError? {
        let error = #expect(throws: GGUFError.self, sourceLocation: sourceLocation) {
            _ = try GGUFFile(bytes: bytes, name: "hostile")
        }
        #expect(error?.code == code, "\(String(describing: error))", sourceLocation: sourceLocation)
        #expect(error?.subject == subject, sourceLocation: sourceLocation)
        #expect(error?.offset != nil, sourceLocation: sourceLocation)
        return error
    }

    private func head(version: UInt32 = 3, tensors: UInt64, keys: UInt64) -> [UInt8] {
        var bytes = [UInt8]("GGUF".utf8)
        bytes.append(littleEndian: version)
        bytes.append(littleEndian: tensors)
        bytes.append(littleEndian: keys)
        return bytes
    }

    private func keyed(_ type: GGUFValueType, key: String = "k", _ value: (inout [UInt8]) -> Void) -> [UInt8] {
        var bytes = head(tensors: 0, keys: 1)
        GGUFValue.string(key).append(to: &bytes)
        bytes.append(littleEndian: type.rawValue)
        value(&bytes)
        return bytes
    }

    private func tensor(
        _ name: String = "t",
        _ type: TensorType = .f32,
        typeID: UInt32? = nil,
        shape: [UInt64],
        offset: UInt64 = 0
    ) -> [UInt8] {
        var bytes = head(tensors: 1, keys: 0)
        appendTensor(name, typeID ?? type.rawValue, shape, offset, to: &bytes)
        bytes += [UInt8](repeating: 0, count: (32 - bytes.count % 32) % 32 + 64)
        return bytes
    }

    private func tensor(_ type: TensorType, shape: [UInt64]) -> [UInt8] {
        tensor("t", type, shape: shape)
    }

    private func appendTensor(
        _ name: String,
        _ typeID: UInt32,
        _ shape: [UInt64],
        _ offset: UInt64,
        to bytes: inout [UInt8]
    ) {
        GGUFValue.string(name).append(to: &bytes)
        bytes.append(littleEndian: UInt32(shape.count))
        for length in shape { bytes.append(littleEndian: length) }
        bytes.append(littleEndian: typeID)
        bytes.append(littleEndian: offset)
    }
}
