import CascadeCore
import CascadeTestSupport
import Testing

@testable import CascadeModel

/// An engine whose early exits have a say: the numbers are the formula's, and depend on the row alone.
struct SLEDTests {
    /// Both layers that the tiny models have before their last one.
    private static let settings = SLEDSettings(layers: [1, 2], rate: 4)

    private func engine(
        _ model: Model,
        _ sled: SLEDSettings? = settings,
        threads: Int = 2,
        maximumRows: Int = 64,
        kernels: TestKernels? = nil
    ) throws -> Engine {
        let options = EngineOptions(
            threads: threads,
            contextTokens: 1_024,
            maximumRows: maximumRows,
            maximumLogits: 70,
            sled: sled
        )
        return try Engine(model: model, options: options, kernels: kernels?.kernelSet)
    }

    private func tokens(_ count: Int, below vocabulary: Token = 512, seed: UInt64) -> [Token] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { _ in Token.random(in: 0..<vocabulary, using: &random) }
    }

    /// Logits after each of the tokens, fed in parts of the given lengths.
    private func logits(_ engine: Engine, _ tokens: [Token], parts: [Int]? = nil) throws -> [[Float]] {
        let cache = engine.makeCache()
        defer { cache.release() }
        var rows: [[Float]] = []
        var start = 0
        for part in parts ?? [tokens.count] {
            try engine.forward([Segment(cache: cache, tokens: tokens[start..<start + part], logits: part)])
            rows += (0..<part).map { Array(engine.logits(segment: 0, row: $0)) }
            start += part
        }
        return rows
    }

    private func bits(_ rows: [[Float]]) -> [[UInt32]] { rows.map { $0.map(\.bitPattern) } }

    /// Places of the 64 largest, of equals the first, in ascending order.
    private func largest(_ row: [Float]) -> [Int] {
        row.indices.sorted { row[$0] > row[$1] || (row[$0] == row[$1] && $0 < $1) }.prefix(64).sorted()
    }

    /// To the bit: an exit is what the whole head of a model says that ends behind that layer.
    @Test(arguments: Fixtures.modelNames)
    func exitsAreTheLogitsOfShorterModels(_ name: String) throws {
        let file = try GGUFFile(path: Fixtures.modelPath(name))
        let text = tokens(24, seed: 30)
        let shorter = try Self.settings.layers.map { layers in
            var writer = GGUFWriter()
            for entry in file.entries {
                if entry.key.hasSuffix(".block_count") {
                    writer.add(entry.key, .uint32(UInt32(layers)))
                } else {
                    writer.add(entry, of: file)
                }
            }
            for tensor in file.tensors where !(layers..<3).contains(where: { tensor.name.hasPrefix("blk.\($0).") }) {
                writer.addTensor(tensor.name, tensor.type, shape: tensor.shape, bytes: try file.bytes(of: tensor))
            }
            return try logits(engine(Model.load(GGUFFile(bytes: writer.bytes(), name: "shorter.gguf")), nil), text)
        }
        let model = try Model.load(file)
        let plain = try logits(engine(model, nil), text)
        for (row, evolved) in try logits(engine(model), text).enumerated() {
            let places = largest(plain[row])
            let moved = LogitsEvolution.evolved(
                places.map { plain[row][$0] },
                exits: shorter.map { exit in places.map { exit[row][$0] } },
                rate: Self.settings.rate
            )
            var expected = plain[row]
            for (place, logit) in zip(places, moved) { expected[place] = logit }
            #expect(bits([evolved]) == bits([expected]), "row \(row)")
        }
    }

    /// Against exits of the plain float model; a trimmed head of 70 tokens ends within a tile.
    @Test(arguments: Fixtures.modelNames, [512, 70])
    func logitsAreThoseOfTheFormula(_ name: String, _ headCount: Int) throws {
        let path = Fixtures.modelPath(name)
        let kept = (0..<Token(512)).filter { headCount == 512 || ($0 &* 7) % 512 < 70 }
        try #require(kept.count == headCount)
        let head = headCount == 512 ? nil : kept
        let model = try Model.load(path: path, options: LoadOptions(headTokens: head))
        let text = tokens(24, seed: 31)
        let plain = try logits(engine(model, nil), text)
        let evolved = try logits(engine(model), text)
        let reference = try FloatReference(path: path)
        let exits = try Self.settings.layers.map { try reference.logits(text, layers: $0) }
        // Activations of 8 bits turn some directions a little.
        let tolerance: Double = name.hasSuffix("f32") ? 2e-3 : name.hasSuffix("f16") ? 5e-3 : 0.3
        var largestMove: Float = 0
        for row in text.indices {
            let places = largest(plain[row])
            let expected = SLEDReference.evolved(
                places.map { plain[row][$0] },
                exits: exits.map { exit in places.map { exit[row * 512 + Int(kept[$0])] } },
                rate: Self.settings.rate
            )
            for (place, value) in zip(places, expected) {
                #expect(abs(Double(evolved[row][place]) - value) < tolerance, "row \(row), token \(place)")
                largestMove = max(largestMove, abs(evolved[row][place] - plain[row][place]))
            }
            for place in Set(plain[row].indices).subtracting(places) {
                #expect(evolved[row][place].bitPattern == plain[row][place].bitPattern)
            }
        }
        #expect(largestMove > 0.5)
    }

    @Test(arguments: Fixtures.modelNames)
    func logitsDoNotDependOnHowTokensCome(_ name: String) throws {
        let model = try Model.load(path: Fixtures.modelPath(name))
        let text = tokens(70, seed: 32)
        let expected = bits(try logits(engine(model, threads: 1), text, parts: [Int](repeating: 1, count: 70)))
        for (parts, threads, rows) in [([70], 2, 64), ([1, 2, 3, 29, 35], 3, 64), ([70], 4, 7), ([9, 61], 1, 32)] {
            let found = bits(try logits(engine(model, threads: threads, maximumRows: rows), text, parts: parts))
            #expect(found == expected, "\(parts), \(threads) threads, passes of \(rows)")
        }
        for kernels in TestKernels.all {
            #expect(bits(try logits(engine(model, kernels: kernels), text, parts: [13, 57])) == expected)
        }
    }

    /// Several sequences in one pass, some of whose rows want no logits.
    @Test func sequencesShareAPass() throws {
        let model = try Model.load(path: Fixtures.modelPath("tiny-llama.Q4_K_M"))
        let texts = (0..<4).map { tokens(9 + 5 * $0, seed: 33 + UInt64($0)) }
        let alone = try texts.map { bits(try logits(engine(model), $0)) }
        let shared = try engine(model)
        let wanted = [2, 0, 5, 24]
        try shared.forward(
            zip(texts, wanted).map { Segment(cache: shared.makeCache(), tokens: $0, logits: $1) }
        )
        for (index, count) in wanted.enumerated() {
            let found = (0..<count).map { shared.logits(segment: index, row: $0).map(\.bitPattern) }
            #expect(found == alone[index].suffix(count))
        }
    }

    @Test(.needs(.coderHalfBillion))
    func logitsOfTheRealModelDoNotDependOnTheBatch() throws {
        let model = try Model.load(path: RealModel.coderHalfBillion.path)
        let settings = SLEDSettings(layers: [6, 12, 18])
        let text = tokens(14, below: 50_000, seed: 34)
        let parts = [Int](repeating: 1, count: 14)
        let expected = bits(try logits(engine(model, settings, threads: 1), text, parts: parts))
        #expect(bits(try logits(engine(model, settings), text)) == expected)
        #expect(bits(try logits(engine(model, settings), text, parts: [5, 9])) == expected)
        let plain = bits(try logits(engine(model, nil), text))
        #expect(
            zip(plain, expected).allSatisfy { plain, moved in
                (1...64).contains(zip(plain, moved).count { $0 != $1 })
            }
        )
    }

    /// Off, and on without moving anything, are the same bytes: the pass itself is not touched.
    @Test(arguments: Fixtures.modelNames)
    func rateZeroIsOff(_ name: String) throws {
        let model = try Model.load(path: Fixtures.modelPath(name))
        let text = tokens(30, seed: 35)
        let off = bits(try logits(engine(model, nil), text))
        #expect(bits(try logits(engine(model, SLEDSettings(layers: [1], rate: 0)), text)) == off)
        #expect(bits(try logits(engine(model, SLEDSettings(layers: [1])), text)) != off)
    }

    @Test(
        arguments: [
            ([], 2, "1 to 16 layers, not 0"), (Array(1...17), 2, "1 to 16 layers, not 17"),
            ([2, 1, 2], 2, "layer 2 is named twice"), ([1], -1, "0 to 100, not -1.0"), ([1], .nan, "0 to 100, not nan"),
            ([0], 2, "layer 0 is outside 1 to 2: the model has 3 layers"),
            ([1, 3], 2, "layer 3 is outside 1 to 2: the model has 3 layers"),
        ] as [([Int], Double, String)]
    )
    func refusals(_ layers: [Int], _ rate: Double, _ words: String) throws {
        let settings = SLEDSettings(layers: layers, rate: rate)
        let problem = try #require(settings.problem(modelLayers: 3))
        #expect(problem.contains(words))
        let model = try Model.load(path: Fixtures.modelPath("tiny-llama.Q8_0"))
        #expect(throws: ModelError.invalidRequest(problem)) { _ = try engine(model, settings) }
        #expect(SLEDSettings(layers: [1]).problem(modelLayers: 1)?.contains("a single layer") == true)
    }

    /// Experts are interchangeable exactly where their names for numerics agree.
    @Test func settingsArePartOfTheIdentity() {
        #expect(Model.numericsID(sled: nil) == Model.numericsID)
        let names = [
            SLEDSettings(layers: [2, 1]), SLEDSettings(layers: [1, 2]), SLEDSettings(layers: [12]),
            SLEDSettings(layers: [1, 2], rate: 2.5),
        ].map { Model.numericsID(sled: $0) }
        #expect(names[0] == names[1] && Set(names + [Model.numericsID]).count == 4)
        // What a coordinator takes, in the worst case.
        let long = SLEDSettings(layers: Array(984...999), rate: 0.1 + 0.2)
        #expect(Model.numericsID(sled: long).utf8.count <= 128)
    }
}
