import CascadeCore
import CascadeTestSupport
import Testing

@testable import CascadeModel

/// Every key is used, harmless or refused, as the table says.
@Suite struct MetadataRuleTests {
    /// What is wrong with a variant of a tiny model; nil where it can be served.
    private func refusal(_ variant: ModelVariant) throws -> ModelError? {
        let file: GGUFFile
        do { file = try variant.file() } catch let error as GGUFError { return .file(error) }
        do throws(ModelError) {
            _ = try ServableModel(file)
            return nil
        } catch { return error }
    }

    private static let architecture = "llama"

    /// The tables' keys as files spell them; one name for those that end in `*`.
    static let rules: [(key: String, rule: MetadataRule)] =
        MetadataRule.ofArchitecture.filter { $0.key != "*" }.map { ("\(architecture).\(spelled($0.key))", $0) }
        + MetadataRule.ofEveryFile.map { (spelled($0.key), $0) }

    private static func spelled(_ key: String) -> String {
        key == "*" ? "other.program.key" : key.last == "*" ? key.dropLast() + "some_key" : key
    }

    /// A value that no key has: the wrong type for those that are read, and nothing neutral.
    private static let odd = GGUFValue.array(.bool, [.bool(true)])

    @Test func whatIsUsedIsRead() throws {
        for (key, rule) in Self.rules {
            guard case .used = rule.decision else { continue }
            let error = try refusal(ModelVariant(keys: [key: Self.odd]))
            #expect(error?.description.contains("'\(key)'") == true, "\(key): \(String(describing: error))")
        }
    }

    @Test func whatIsHarmlessChangesNothing() throws {
        var checked = 0
        for (key, rule) in Self.rules {
            guard case .harmless(let reason) = rule.decision else { continue }
            #expect(!reason.isEmpty)
            #expect(try refusal(ModelVariant(keys: [key: Self.odd])) == nil, "\(key)")
            checked += 1
        }
        #expect(checked > 20)
    }

    @Test func whatWouldChangeNumbersIsRefused() throws {
        for (key, rule) in Self.rules {
            guard case .only(let neutral, let meaning) = rule.decision else { continue }
            var values = [Self.odd, .uint32(77), .float32(77.5), .string("odd")]
            switch neutral {
            case .flag(let flag): values.append(.bool(!flag))
            case .numbers, .texts, .nothing: values.append(.bool(true))
            }
            for value in values {
                guard
                    case .unsupportedMetadata(_, let found, let expected, _) = try refusal(
                        ModelVariant(keys: [key: value])
                    )
                else {
                    Issue.record("\(key) \(value) was not refused")
                    continue
                }
                #expect(found == key)
                #expect(expected.contains(meaning))
            }
            for value in neutral.values {
                #expect(try refusal(ModelVariant(keys: [key: value])) == nil, "\(key) \(value)")
            }
        }
    }

    @Test(arguments: ["llama.rope.dimension_sections", "llama.some_new_key", "tokenizer.ggml.some_new_key"])
    func whatIsNotKnownIsRefused(key: String) throws {
        let error = try refusal(ModelVariant(keys: [key: .uint32(1)]))
        #expect(error?.description.contains("'\(key)'") == true)
    }

    /// Keys that llama.cpp's loader reads whatever the architecture, and those of its llama and qwen2 graphs.
    private static let readByOthers = [
        "vocab_size", "context_length", "embedding_length", "block_count", "feed_forward_length", "expert_count",
        "expert_used_count", "expert_feed_forward_length", "expert_shared_feed_forward_length", "expert_shared_count",
        "expert_group_count", "expert_group_used_count", "expert_weights_scale", "expert_weights_norm",
        "expert_gating_func", "use_parallel_residual", "pooling_type", "logit_scale", "residual_scale",
        "embedding_scale", "attn_logit_softcapping", "final_logit_softcapping", "attention.head_count",
        "attention.head_count_kv", "attention.key_length", "attention.value_length", "attention.causal",
        "attention.layer_norm_epsilon", "attention.layer_norm_rms_epsilon", "attention.max_alibi_bias",
        "attention.clamp_kqv", "attention.scale", "attention.sliding_window", "attention.temperature_length",
        "attention.temperature_scale", "rope.dimension_count", "rope.freq_base", "rope.scale_linear",
        "rope.scaling.type", "rope.scaling.factor", "rope.scaling.attn_factor", "rope.scaling.alpha",
        "rope.scaling.original_context_length", "rope.scaling.finetuned", "rope.scaling.yarn_log_multiplier",
        "rope.scaling.yarn_ext_factor", "rope.scaling.yarn_attn_factor", "rope.scaling.yarn_beta_fast",
        "rope.scaling.yarn_beta_slow",
    ]

    @Test(arguments: readByOthers)
    func whatOthersReadIsDecided(key: String) {
        #expect(
            MetadataRule.ofArchitecture.contains { $0.key == key || ($0.key == "expert_*" && key.hasPrefix("expert_")) }
        )
    }

    // MARK: Stretched positions

    private func scores(_ keys: [String: GGUFValue]) throws -> [Double] {
        let model = try Model.load(ModelVariant(of: "tiny-llama.f32", keys: keys).file())
        let oracle = try #require(Fixtures.oracle("tiny-llama.f32").cases.first)
        let engine = try Engine(model: model, options: EngineOptions(threads: 2, contextTokens: 512))
        return try Scorer(engine: engine).score(oracle.tokens).nextLogProbabilities
    }

    /// The fourth to sixth token's, as exact arithmetic has them; queries and keys in binary16 move them by up to
    /// 0.003. Without the key they are -9.331, -14.600 and -5.800.
    @Test(arguments: [
        ["llama.rope.scaling.factor": GGUFValue.float32(4)], ["llama.rope.scale_linear": .float32(4)],
        ["llama.rope.scaling.factor": .float32(4), "llama.rope.scaling.type": .string("linear")],
        ["llama.rope.scaling.factor": .float32(4), "llama.rope.scale_linear": .float32(9)],
    ])
    func linearScaling(_ keys: [String: GGUFValue]) throws {
        let found = try scores(keys)[3..<6]
        #expect(zip(found, [-12.801, -12.998, -13.199]).allSatisfy { abs($0 - $1) < 4e-3 }, "\(found)")
    }

    @Test(arguments: [
        ["llama.rope.scaling.factor": GGUFValue.float32(4), "llama.rope.scaling.type": .string("none")],
        ["llama.rope.scaling.factor": .float32(0)], ["llama.rope.scaling.factor": .float32(1)],
        ["llama.rope.scaling.type": .string("linear")], [:],
    ])
    func noScaling(_ keys: [String: GGUFValue]) throws {
        let oracle = try #require(Fixtures.oracle("tiny-llama.f32").cases.first?.nextLogprob)
        #expect(try zip(scores(keys), oracle).allSatisfy { abs($0 - $1) < 2e-3 })
    }
}

extension MetadataRule.Neutral {
    /// The values that change nothing, in every type that they come in.
    fileprivate var values: [GGUFValue] {
        switch self {
        case .numbers(let numbers): numbers.flatMap { [.float32(Float($0)), .int32(Int32($0))] }
        case .flag(let flag): [.bool(flag)]
        case .texts(let texts): texts.map { .string($0) }
        case .nothing: []
        }
    }
}
