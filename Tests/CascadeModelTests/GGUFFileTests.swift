import CascadeCore
import CascadeTestSupport
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
        #expect(file.bytes(of: embedding).count == embedding.rowCount * embedding.rowByteCount)
    }

    @Test(.enabled(if: !RealModel.testable.isEmpty, Comment(rawValue: RealModel.skipReason)))
    func opensRealModels() throws {
        for model in RealModel.testable {
            let file = try GGUFFile(path: model.path)
            #expect(try file.strings("tokenizer.ggml.tokens").count == Fixtures.oracle(model.oracleName).vocab)
            let last = try #require(file.tensors.max { $0.fileOffset < $1.fileOffset })
            #expect(file.byteCount - last.fileOffset - last.byteCount < file.alignment)
        }
    }
}
