import CascadeCore
import CascadeTestSupport
import CascadeText
import Testing

@testable import CascadeModel

/// Facts of a file that contradict each other are refused, naming both; nonsense that nobody reads is not.
@Suite struct ServableModelTests {
    private func refusal(_ variant: ModelVariant) throws -> ModelError? {
        let file = try variant.file()
        do throws(ModelError) {
            _ = try ServableModel(file)
            return nil
        } catch { return error }
    }

    private static let tokens = "tokenizer.ggml.tokens"
    private static let kinds = "tokenizer.ggml.token_type"

    /// The tiny models' tokens and their kinds, the first `count` of them or with others behind.
    private static func vocabulary(_ count: Int) throws -> [String: GGUFValue] {
        let file = try GGUFFile(path: Fixtures.modelPath("tiny-llama.f16"))
        let more = (0..<max(0, count - 512)).map { Array("[PAD\($0)]".utf8) }
        let texts = try file.strings(tokens).prefix(count) + more
        let values = try file.integers(kinds).prefix(count) + more.map { _ in 5 }
        return [
            tokens: .strings(Array(texts)), kinds: .array(.int32, values.map { .int32(Int32($0)) }),
        ]
    }

    private static func embedding(_ rows: Int) -> [String: ModelVariant.Zeros] {
        ["token_embd.weight": .init(.f16, [256, rows]), "output.weight": .init(.f16, [256, rows])]
    }

    /// Each variant, and the words that its refusal must have.
    static let contradictions: [(ModelVariant, [String])] = {
        let few = (try? vocabulary(500)) ?? [:]
        let many = (try? vocabulary(576)) ?? [:]
        func id(_ role: String) -> String { "tokenizer.ggml.\(role)_token_id" }
        let merges = GGUFValue.strings(["Ġ t", "no such"].map { Array($0.utf8) })
        return [
            (ModelVariant(keys: few), [tokens, "500", "token_embd.weight", "512"]),
            (ModelVariant(keys: many), [tokens, "576", "token_embd.weight", "512"]),
            (
                ModelVariant(keys: ["llama.vocab_size": .uint32(511)]),
                ["vocab_size", "511", "token_embd.weight", "512"]
            ),
            (ModelVariant(tensors: embedding(544)), ["vocab_size", "512", "token_embd.weight", "544"]),
            (ModelVariant(keys: [kinds: few[kinds] ?? .bool(true)]), [kinds, "500", tokens, "512"]),
            (
                ModelVariant(keys: ["tokenizer.ggml.scores": .array(.float32, [.float32(1)])]),
                ["tokenizer.ggml.scores", "1", tokens, "512"]
            ),
            (ModelVariant(keys: [id("eos"): .uint32(512)]), [id("eos"), "512", tokens]),
            (ModelVariant(keys: [id("eot"): .int32(-2)]), [id("eot"), "-2", tokens]),
            (ModelVariant(keys: [id("fim_pad"): .uint64(.max)]), [id("fim_pad"), tokens]),
            (
                ModelVariant(keys: [id("bos"): .uint32(9_999), "tokenizer.ggml.add_bos_token": .bool(true)]),
                [id("bos"), "9999", tokens]
            ),
            (
                ModelVariant(keys: [id("bos"): .int32(-1), "tokenizer.ggml.add_bos_token": .bool(true)]),
                ["role bos", "none"]
            ),
            (
                ModelVariant(keys: [id("bos"): .uint32(512), "tokenizer.chat_template": .string("{{ bos_token }}")]),
                [id("bos"), "512"]
            ),
            (ModelVariant(keys: ["tokenizer.ggml.merges": merges]), ["merges", "'no'", "merge 1", tokens]),
            (
                ModelVariant(keys: ["split.tensors.count": .int32(7)]),
                ["split.tensors.count", "7", "\(tensorCount)"]
            ),
            (ModelVariant(keys: ["llama.attention.head_count_kv": .uint32(3)]), ["head_count_kv", "4 heads", "3"]),
            (ModelVariant(keys: ["llama.attention.head_count": .uint32(2)]), ["attn_k.weight", "128"]),
            (
                ModelVariant(keys: ["llama.attention.key_length": .uint32(32)]),
                ["rope.dimension_count", "64", "width of a head", "32"]
            ),
            (
                ModelVariant(keys: ["llama.rope.dimension_count": .uint32(128)]),
                ["rope.dimension_count", "64", "width of a head", "128"]
            ),
            (ModelVariant(keys: ["llama.block_count": .uint32(2)]), ["blk.2."]),
            (ModelVariant(keys: ["llama.block_count": .uint32(4)]), ["blk.3."]),
            (ModelVariant(keys: ["llama.embedding_length": .uint32(512)]), ["token_embd.weight", "512", "256"]),
        ]
    }()

    private static let tensorCount = (try? GGUFFile(path: Fixtures.modelPath("tiny-llama.f16")).tensors.count) ?? 0

    @Test func contradictionsNameBothFacts() throws {
        for (variant, words) in Self.contradictions {
            let error = try refusal(variant)
            let text = error?.description ?? "not refused"
            #expect(words.filter { text.contains($0) } == words, "\(text)")
            #expect(text.hasPrefix("variant.gguf"), "\(text)")
        }
    }

    @Test func nonsenseThatNobodyReadsIsTaken() throws {
        func id(_ role: String) -> String { "tokenizer.ggml.\(role)_token_id" }
        let none: [GGUFValue] = [.int32(-1), .uint32(.max), .int64(-1)]
        for role in SpecialTokenRole.allCases {
            for value in none {
                #expect(try refusal(ModelVariant(keys: [id(role.rawValue): value])) == nil, "\(role) \(value)")
            }
        }
        for role in ["bos", "unknown", "padding", "fim_pre", "fim_suf", "fim_mid", "seperator", "mask"] {
            for value: GGUFValue in [.uint32(512), .int32(-7), .uint64(.max)] {
                #expect(try refusal(ModelVariant(keys: [id(role): value])) == nil, "\(role) \(value)")
            }
        }
        let model = try ServableModel(ModelVariant(keys: [id("eos"): .int32(-1), id("padding"): .uint32(512)]).file())
        #expect(model.tokenizer.roles[.eos] == nil && model.tokenizer.roles[.padding] == nil)
    }

    /// More tokens that only pad the table, and rows for them.
    @Test func paddedTablesAreTaken() throws {
        var keys = try Self.vocabulary(576)
        keys["llama.vocab_size"] = .uint32(576)
        let model = try ServableModel(ModelVariant(keys: keys, tensors: Self.embedding(576)).file())
        #expect(model.configuration.vocabulary == 576)
        #expect(model.tokenizer.vocabulary.count == 576)
    }

    /// A merge whose result its authors added as a special token.
    @Test func mergesOfAddedTextsAreTaken() throws {
        let file = try GGUFFile(path: Fixtures.modelPath("tiny-llama.f16"))
        var texts = try file.strings(Self.tokens)
        var kinds = try file.integers(Self.kinds)
        (texts[511], kinds[511]) = (Array("  ".utf8), 4)
        let merges = try file.strings("tokenizer.ggml.merges").filter { merge in
            merge.split(separator: 0x20).allSatisfy { texts.contains(Array($0)) }
                && texts.contains(merge.filter { $0 != 0x20 })
        }
        let model = try ServableModel(
            ModelVariant(keys: [
                Self.tokens: .strings(texts), Self.kinds: .array(.int32, kinds.map { .int32(Int32($0)) }),
                "tokenizer.ggml.merges": .strings(merges + [Array("Ġ Ġ".utf8)]),
            ]).file()
        )
        #expect(model.tokenizer.foreignMerges == [merges.count])
    }

    @Test func partsOfAModelSaySo() throws {
        let part = ModelVariant(keys: ["split.no": .uint16(0), "split.count": .uint16(2)])
        let words = try refusal(part)?.description
        #expect(words?.contains("split.count") == true && words?.contains("llama-gguf-split --merge") == true)
        for type in ["adapter", "mmproj", "imatrix"] {
            #expect(
                try refusal(ModelVariant(keys: ["general.type": .string(type)]))?.description.contains(type) == true
            )
        }
    }

    @Test func everyTinyModelCanBeServed() throws {
        for name in Fixtures.modelNames { _ = try ServableModel(path: Fixtures.modelPath(name)) }
    }

    @Test(.needsAnyModel, arguments: RealModel.testable)
    func realModelsCanBeServed(model: RealModel) throws {
        #expect(try ServableModel(path: model.path).tokenizer.foreignMerges.isEmpty)
    }
}
