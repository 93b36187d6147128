import CCascadeKernels
import CascadeCore
import CascadeTestSupport
import Testing

@testable import CascadeModel

/// Models with a trimmed output head, and with re-quantised weights.
struct LoadOptionsTests {
    private static let prompt: [Token] = [300, 17, 42, 5, 256, 301, 8]

    /// Logits behind each token of the prompt.
    private func logits(_ model: Model) throws -> [[Float]] {
        let engine = try Engine(model: model, options: EngineOptions(threads: 2, contextTokens: 64))
        let count = Self.prompt.count
        try engine.forward([Segment(cache: engine.makeCache(), tokens: Self.prompt, logits: count)])
        return (0..<count).map { Array(engine.logits(segment: 0, row: $0)) }
    }

    /// Sets around a tile's 16 rows; every type; heads of their own and the embedding's.
    @Test(arguments: Fixtures.modelNames, [1, 15, 16, 17, 257, 512])
    func trimmedHeadHasTheSameLogits(_ name: String, _ count: Int) throws {
        var random = SeededGenerator(seed: UInt64(count))
        let kept = (0..<Token(512)).shuffled(using: &random).prefix(count).sorted()
        let file = try GGUFFile(path: Fixtures.modelPath(name))
        let whole = try logits(Model.load(file))
        let model = try Model.load(file, options: LoadOptions(headTokens: kept))
        #expect(model.headCount == count)
        for (row, trimmed) in zip(whole, try logits(model)) {
            #expect(trimmed.map(\.bitPattern) == kept.map { row[Int($0)].bitPattern })
        }
    }

    @Test func tiedHeadIsTrimmedToo() throws {
        let source = try GGUFFile(path: Fixtures.modelPath("tiny-llama.Q8_0"))
        var writer = GGUFWriter()
        for entry in source.entries { writer.add(entry, of: source) }
        for tensor in source.tensors where tensor.name != "output.weight" {
            writer.addTensor(tensor.name, tensor.type, shape: tensor.shape, bytes: try source.bytes(of: tensor))
        }
        let file = try GGUFFile(bytes: writer.bytes(), name: "tied.gguf")
        let kept: [Token] = [0, 3, 77, 300, 511]
        let whole = try logits(Model.load(file))
        for (row, trimmed) in zip(whole, try logits(Model.load(file, options: LoadOptions(headTokens: kept)))) {
            #expect(trimmed.map(\.bitPattern) == kept.map { row[Int($0)].bitPattern })
        }
    }

    @Test func rowsOfATrimmedHeadSpeakOfRealTokens() throws {
        var random = SeededGenerator(seed: 9)
        let kept = (0..<Token(512)).shuffled(using: &random).prefix(100).sorted()
        let path = Fixtures.modelPath("tiny-llama.Q8_0")
        let model = try Model.load(path: path, options: LoadOptions(headTokens: kept))
        let engine = try Engine(model: model, options: EngineOptions(threads: 1, contextTokens: 64))
        try engine.forward([Segment(cache: engine.makeCache(), tokens: Self.prompt, logits: 1)])
        let row = try engine.row(segment: 0, row: 0)
        let logits = Array(row.logits)
        let best = kept[logits.indices.max { (logits[$0], $1) < (logits[$1], $0) } ?? 0]
        #expect(row.argmax == best)
        #expect(row.top(1).first?.token == best)
        #expect(row.distribution(SamplingSettings(temperature: 0)).tokens == [best])
        for settings in [
            SamplingSettings(temperature: 1), SamplingSettings(temperature: 1, minP: 1e-3),
            SamplingSettings(temperature: 0.7, topK: 40, topP: 0.9),
        ] {
            let q = row.distribution(settings, support: settings.topK == 0 ? nil : 30)
            #expect(Set(q.tokens).isSubset(of: kept) && q.tokens == q.tokens.sorted())
            for (index, token) in q.tokens.enumerated() where settings == SamplingSettings(temperature: 1) {
                #expect(abs(q.probability(at: index) - row.probability(of: token)) < 1e-6)
            }
        }
        let mass = kept.reduce(0) { $0 + row.probability(of: $1) }
        #expect(abs(mass - 1) < 1e-6)
        for token in 0..<Token(512) where !kept.contains(token) {
            #expect(row.probability(of: token) == 0 && row.logProbability(of: token) == -.infinity)
        }
    }

    @Test(arguments: [[], [5, 5], [7, 6], [511, 512]] as [[Token]])
    func unfitHeadIsRefused(_ tokens: [Token]) throws {
        do throws(ModelError) {
            _ = try Model.load(
                path: Fixtures.modelPath("tiny-llama.f16"),
                options: LoadOptions(headTokens: tokens)
            )
            Issue.record("not refused")
        } catch {
            guard case .invalidRequest = error else {
                Issue.record("\(error)")
                return
            }
        }
    }

    /// A re-quantised model is the model whose matrices were rounded to Q4_0 in the file.
    @Test(arguments: ["tiny-llama.f32", "tiny-llama.Q8_0", "tiny-llama.Q4_K_M", "tiny-qwen2.f16"])
    func quantizedModelIsTheRoundedFiles(_ name: String) throws {
        let source = try GGUFFile(path: Fixtures.modelPath(name))
        var writer = GGUFWriter()
        for entry in source.entries { writer.add(entry, of: source) }
        for tensor in source.tensors {
            var (type, bytes) = (tensor.type, try source.bytes(of: tensor))
            let isMatrix = tensor.shape.count == 2 && tensor.name != "token_embd.weight"
            if isMatrix, tensor.type.bytesPerBlock * 32 > 18 * tensor.type.blockSize {
                let numbers = try Dequantise.rows(tensor, of: source, first: 0, count: tensor.rowCount)
                (type, bytes) = (.q4_0, [UInt8](repeating: 0, count: numbers.count / 32 * 18))
                #expect(csk_quantise_q4_0(numbers, numbers.count, &bytes))
            }
            writer.addTensor(tensor.name, type, shape: tensor.shape, bytes: bytes)
        }
        let rounded = try Model.load(GGUFFile(bytes: writer.bytes(), name: "rounded.gguf"))
        let quantized = try Model.load(source, options: LoadOptions(quantization: .q4_0))
        #expect(quantized.bytesPerPass == rounded.bytesPerPass)
        let (found, expected) = (try logits(quantized), try logits(rounded))
        #expect(found.map { $0.map(\.bitPattern) } == expected.map { $0.map(\.bitPattern) })
        let whole = try Model.load(source)
        #expect(quantized.bytesPerPass < whole.bytesPerPass)
    }
}
