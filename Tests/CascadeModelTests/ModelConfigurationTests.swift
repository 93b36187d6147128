import CascadeTestSupport
import Testing

@testable import CascadeModel

/// Files that the engine cannot compute are refused with the key or tensor, what was expected, and what was found.
struct ModelConfigurationTests {
    /// See ``ModelVariant``.
    private func variant(
        of name: String = "tiny-llama.f16",
        keys: [String: GGUFValue] = [:],
        tensors: [String: (type: TensorType, shape: [Int])] = [:],
        without names: Set<String> = []
    ) throws -> GGUFFile {
        let zeros = tensors.mapValues { ModelVariant.Zeros($0.type, $0.shape) }
        return try ModelVariant(of: name, keys: keys, tensors: zeros, without: names).file()
    }

    private func refusal(_ file: GGUFFile) -> ModelError? {
        do throws(ModelError) {
            _ = try Model.load(file)
            return nil
        } catch { return error }
    }

    @Test func unchangedCopyIsTaken() throws {
        let original = try Model.load(path: Fixtures.modelPath("tiny-llama.f16"))
        let copy = try Model.load(variant())
        #expect(copy.configuration == original.configuration)
        #expect(copy.configuration.layers == 3)
        #expect(copy.configuration.headSize == 64)
        #expect(copy.bytesPerPass == original.bytesPerPass)
    }

    @Test(arguments: [
        ("llama.block_count", GGUFValue.uint32(0)), ("llama.block_count", .uint32(4_000_000_000)),
        ("llama.embedding_length", .uint32(250)), ("llama.feed_forward_length", .uint32(500)),
        ("llama.attention.head_count", .uint32(0)), ("llama.attention.head_count", .uint32(16)),
        ("llama.attention.head_count_kv", .uint32(3)), ("llama.attention.head_count_kv", .uint32(8)),
        ("llama.attention.key_length", .uint32(40)), ("llama.attention.value_length", .uint32(32)),
        ("llama.rope.dimension_count", .uint32(66)), ("llama.rope.dimension_count", .uint32(63)),
        ("llama.rope.freq_base", .float32(0)), ("llama.attention.layer_norm_rms_epsilon", .float32(0)),
        ("llama.context_length", .uint32(0)), ("llama.expert_count", .uint32(8)),
        ("llama.attention.sliding_window", .uint32(512)), ("llama.rope.scaling.type", .string("yarn")),
        ("llama.rope.scaling.factor", .float32(-4)), ("llama.rope.scale_linear", .float32(.infinity)),
        ("llama.attention.layer_norm_rms_epsilon", .float32(.nan)),
    ])
    func senselessKeyIsNamed(_ key: String, _ value: GGUFValue) throws {
        let error = refusal(try variant(keys: [key: value]))
        switch error {
        case .unsupportedMetadata(_, let found, _, _): #expect(found == key)
        case .file(let error): #expect(error.subject == "key '\(key)'")
        default: Issue.record("\(key): \(String(describing: error))")
        }
        #expect(error?.description.contains("variant.gguf") == true)
    }

    @Test func missingKeyIsAnErrorOfTheFile() throws {
        guard case .file(let error) = refusal(try variant(without: ["llama.block_count"])) else {
            Issue.record("not refused")
            return
        }
        #expect(error.code == .missing && error.subject.contains("llama.block_count"))
    }

    @Test func otherArchitectureIsNamed() throws {
        let error = refusal(try variant(keys: ["general.architecture": .string("mamba")]))
        #expect(
            error
                == .unsupportedArchitecture(path: "variant.gguf", found: "mamba", supported: ["llama", "qwen2"])
        )
    }

    @Test(arguments: [
        ("blk.1.attn_q.weight", TensorType.f16, [256, 128]), ("blk.0.attn_k.weight", .f16, [128, 256]),
        ("blk.2.ffn_down.weight", .f16, [256, 512]), ("output.weight", .f16, [256, 500]),
        ("output_norm.weight", .f16, [256]), ("blk.0.ffn_norm.weight", .f32, [128]),
        ("blk.1.ffn_up.weight", .q5_K, [256, 512]), ("token_embd.weight", .bf16, [256, 512]),
        ("token_embd.weight", .f16, [128, 512]), ("blk.0.attn_q_norm.weight", .f32, [64]),
        ("rope_freqs.weight", .f32, [32]), ("blk.3.attn_norm.weight", .f32, [256]),
        ("blk.0.attn_q.bias", .f32, [255]),
    ])
    func unfitTensorIsNamed(_ name: String, _ type: TensorType, _ shape: [Int]) throws {
        let error = refusal(try variant(tensors: [name: (type, shape)]))
        guard case .tensor(_, let found, let expected, let actual) = error else {
            Issue.record("\(name): \(String(describing: error))")
            return
        }
        #expect(found == name)
        #expect(!expected.isEmpty && !actual.isEmpty)
    }

    @Test(arguments: ["blk.2.ffn_up.weight", "output_norm.weight", "token_embd.weight", "blk.0.attn_norm.weight"])
    func missingTensorIsNamed(_ name: String) throws {
        guard case .file(let error) = refusal(try variant(without: [name])) else {
            Issue.record("\(name) was not missed")
            return
        }
        #expect(error.code == .missing && error.subject.contains(name))
    }

    @Test func qwenNeedsItsBiases() throws {
        let file = try variant(of: "tiny-qwen2.f16", without: ["blk.1.attn_k.bias"])
        guard case .file(let error) = refusal(file) else {
            Issue.record("not refused")
            return
        }
        #expect(error.subject.contains("blk.1.attn_k.bias"))
    }

    @Test func missingHeadIsTheEmbedding() throws {
        let tied = try Model.load(variant(without: ["output.weight"]))
        let untied = try Model.load(variant())
        #expect(tied.bytesPerPass == untied.bytesPerPass)
        let engine = try Engine(model: tied, options: EngineOptions(threads: 1, contextTokens: 64))
        try engine.forward([Segment(cache: engine.makeCache(), tokens: [1, 2], logits: 1)])
        #expect(try engine.row(segment: 0, row: 0).entropy() > 0)
    }

    @Test(arguments: ["blk.1.attn_norm.weight", "blk.2.ffn_up.weight", "output.weight"])
    func brokenWeightIsNamed(_ name: String) throws {
        let source = try GGUFFile(path: Fixtures.modelPath("tiny-llama.f16"))
        var writer = GGUFWriter()
        for entry in source.entries { writer.add(entry, of: source) }
        for tensor in source.tensors {
            var bytes = try source.bytes(of: tensor)
            // The last number becomes infinite, whether it has 2 or 4 bytes.
            if tensor.name == name {
                bytes.replaceSubrange((bytes.count - 2)..., with: tensor.type == .f16 ? [0, 0x7C] : [0x80, 0x7F])
            }
            writer.addTensor(tensor.name, tensor.type, shape: tensor.shape, bytes: bytes)
        }
        let file = try GGUFFile(bytes: writer.bytes(), name: "variant.gguf")
        for options in [LoadOptions(), LoadOptions(quantization: .q4_0)] {
            do throws(ModelError) {
                _ = try Model.load(file, options: options)
                Issue.record("not refused")
            } catch {
                guard case .tensor(_, name, "finite weights", _) = error else {
                    Issue.record("\(error)")
                    return
                }
            }
        }
    }

    @Test func missingFileIsAnError() {
        #expect(throws: ModelError.self) { _ = try Model.load(path: "/nonexistent/model.gguf") }
    }
}
