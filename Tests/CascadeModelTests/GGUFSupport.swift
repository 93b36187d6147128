import CascadeTestSupport
import CascadeText
import Testing

@testable import CascadeModel

extension Trait where Self == ConditionTrait {
    /// Skips a test, naming the files, unless all of `models` are there.
    static func needs(_ models: RealModel...) -> Self {
        .enabled(if: models.allSatisfy(\.isTestable), Comment(rawValue: RealModel.skipReason(models)))
    }

    /// Skips a test over ``RealModel/testable`` when that is empty.
    static var needsAnyModel: Self {
        .enabled(if: !RealModel.testable.isEmpty, Comment(rawValue: RealModel.skipReason(RealModel.allCases)))
    }
}

/// Reads everything that a file offers, so that a test of hostile bytes reaches all code that follows them.
func readEverything(of file: GGUFFile) {
    for entry in file.entries {
        _ = file.typeName(of: entry) + file.summary(of: entry)
        _ = try? file.stringBytes(entry.key)
        _ = try? file.string(entry.key)
        _ = try? file.unsignedInteger(entry.key)
        _ = try? file.float(entry.key)
        _ = try? file.bool(entry.key)
        _ = try? file.strings(entry.key)
        _ = try? file.integers(entry.key)
        _ = try? file.floats(entry.key)
    }
    for tensor in file.tensors {
        let bytes = try? file.bytes(of: tensor)
        #expect(bytes?.count == tensor.rowCount * tensor.rowByteCount)
    }
    _ = try? ServableModel(file)
    if let tokenizer = try? Tokenizer(file.tokenizerDefinition()) {
        _ = tokenizer.decode(tokenizer.encode("Hello <|im_end|> world", parseSpecial: true))
    }
    #expect(throws: Never.self) { try GGUFFile(bytes: file.tokenizerBlock(), name: "block") }
}

/// A small file with a value of every type and two tensors.
func sampleWriter(alignment: Int = 32) -> GGUFWriter {
    var writer = GGUFWriter(alignment: alignment)
    writer.add("general.architecture", .string("sample"))
    writer.add("a.uint8", .uint8(200))
    writer.add("a.int8", .int8(-100))
    writer.add("a.uint16", .uint16(60_000))
    writer.add("a.int16", .int16(-30_000))
    writer.add("a.uint32", .uint32(4_000_000_000))
    writer.add("a.int32", .int32(-2_000_000_000))
    writer.add("a.uint64", .uint64(1 << 62))
    writer.add("a.int64", .int64(-1 << 62))
    writer.add("a.float32", .float32(1.5))
    writer.add("a.float64", .float64(-2.25))
    writer.add("a.bool", .bool(true))
    writer.add("a.strings", .strings([[0x61], [], [0xFF, 0x00]]))
    writer.add("a.floats", .array(.float32, [.float32(0.5), .float32(-4)]))
    writer.add("a.integers", .array(.int32, [.int32(7), .int32(-7)]))
    writer.add("a.nested", .array(.array, [.array(.uint8, [.uint8(1), .uint8(2)]), .strings([[0x62]])]))
    writer.addTensor("first.weight", .q8_0, shape: [64, 3], bytes: (0..<204).map { UInt8($0) })
    writer.addTensor("second.bias", .f32, shape: [5], bytes: (0..<20).map { UInt8($0) })
    return writer
}
