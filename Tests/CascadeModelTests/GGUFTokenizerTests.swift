import CascadeCore
import CascadeTestSupport
import CascadeText
import Testing

@testable import CascadeModel

@Suite struct GGUFTokenizerTests {
    static let tinyOracles = Fixtures.oracleNames.filter { $0.hasPrefix("tiny-") }

    // MARK: Against the reference

    @Test func everyTinyModelHasAnOracle() {
        #expect(Self.tinyOracles == Fixtures.modelNames)
    }

    @Test(arguments: tinyOracles)
    func tokensOfTinyModels(name: String) throws {
        try checkTokens(try tokenizer(Fixtures.modelPath(name)), try Fixtures.oracle(name))
    }

    @Test(.needsAnyModel, arguments: RealModel.testable)
    func tokensOfRealModels(model: RealModel) throws {
        try checkTokens(try tokenizer(model.path), try Fixtures.oracle(model.oracleName))
    }

    /// Shows among the skipped tests which models the others did without.
    @Test(.needs(.coderHalfBillion, .coderOneAndAHalfBillion, .smolLM2))
    func allRealModelsAreThere() {
        #expect(RealModel.allCases.filter { !$0.exists }.isEmpty)
    }

    private func checkTokens(_ tokenizer: Tokenizer, _ oracle: Oracle) throws {
        #expect(tokenizer.vocabulary.count == oracle.vocab)
        for test in oracle.cases {
            #expect(tokenizer.addsBOS == test.addBos)
            let tokens = tokenizer.encode(test.text, parseSpecial: test.parseSpecial)
            #expect(tokens == test.tokens, "\(test.text)")
            #expect(tokens.flatMap(tokenizer.text(of:)) == Array(test.text.utf8), "\(test.text)")
            if let greedy = test.greedy, let text = test.greedyText, !text.contains("\u{FFFD}") {
                // The reference cuts nothing; ours shows nothing for control tokens.
                #expect(greedy.flatMap(tokenizer.text(of:)) == Array(text.utf8), "\(test.text)")
            }
        }
    }

    // MARK: What the models say

    @Test(.needs(.coderHalfBillion)) func endTokensOfQwen() throws {
        let qwen = try tokenizer(RealModel.coderHalfBillion.path)
        let names = qwen.vocabulary.endTokens.map { String(decoding: qwen.text(of: $0), as: UTF8.self) }
        #expect(names == ["<|endoftext|>", "<|im_end|>", "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>"])
        #expect(qwen.roles[.eos] == 151_645)
        #expect(qwen.missingBytes.isEmpty)
        #expect(qwen.chatTemplate?.contains("<|im_start|>") == true)
        #expect(qwen.bytes(of: 151_645).isEmpty)
        // A user-defined token shows, padding does not.
        #expect(Array(qwen.bytes(of: 151_657)) == Array("<tool_call>".utf8))
        #expect(qwen.bytes(of: 151_935).isEmpty)
        #expect(qwen.encode("<tool_call>", parseSpecial: false) == [151_657])
        // A normal token whatever it looks like: here it is three pieces of HTML, and no end.
        #expect(qwen.text(of: 128_247) == Array("</s>".utf8))
        #expect(qwen.encode("</s>", parseSpecial: true).count == 3)
    }

    @Test(.needs(.smolLM2)) func endTokensOfSmolLM() throws {
        let smol = try tokenizer(RealModel.smolLM2.path)
        let names = smol.vocabulary.endTokens.map { String(decoding: smol.text(of: $0), as: UTF8.self) }
        #expect(names == ["<|endoftext|>", "<|im_end|>", "<reponame>"])
        // Its makers never saw these bytes; they are left out, as by the reference.
        #expect(smol.missingBytes.count == 21)
        #expect(smol.decode(smol.encode([0x41, 0x04, 0x42], parseSpecial: false)) == Array("AB".utf8))
        #expect(smol.encode("hi", parseSpecial: false, addBOS: true).first == 1)
    }

    @Test(.needs(.coderHalfBillion, .coderOneAndAHalfBillion)) func qwensModelsShareAVocabulary() throws {
        let small = try tokenizer(RealModel.coderHalfBillion.path).vocabulary
        let large = try tokenizer(RealModel.coderOneAndAHalfBillion.path).vocabulary
        #expect(small.hash == large.hash)
        #expect(small == large)
        let tiny = try tokenizer(Fixtures.modelPath("tiny-qwen2.f16")).vocabulary
        #expect(tiny.hash != small.hash)
    }

    // MARK: The tokenizer block

    @Test(arguments: Fixtures.modelNames)
    func blockOfTinyModels(name: String) throws {
        try checkBlock(try GGUFFile(path: Fixtures.modelPath(name)))
    }

    @Test(.needsAnyModel, arguments: RealModel.testable)
    func blockOfRealModels(model: RealModel) throws {
        try checkBlock(try GGUFFile(path: model.path))
    }

    private func checkBlock(_ file: GGUFFile) throws {
        let bytes = file.tokenizerBlock()
        let block = try GGUFFile(bytes: bytes, name: "block")
        #expect(try block.tokenizerDefinition() == file.tokenizerDefinition())
        #expect(block.tensors.isEmpty)
        let architecture = try file.string("general.architecture")
        #expect(try block.string("general.architecture") == architecture)
        #expect(try block.string("general.name") == file.string("general.name"))
        let context = "\(architecture).context_length"
        #expect(try block.unsignedInteger(context) == file.unsignedInteger(context))
        #expect(block.entry("\(architecture).block_count") == nil)
        #expect(
            try Tokenizer(block.tokenizerDefinition()).vocabulary == Tokenizer(file.tokenizerDefinition()).vocabulary
        )
        #expect(block.tokenizerBlock() == bytes)
    }

    // MARK: There and back

    @Test(.needsAnyModel, arguments: RealModel.testable)
    func randomBytesComeBack(model: RealModel) throws {
        let tokenizer = try tokenizer(model.path)
        let missing = Set(tokenizer.missingBytes)
        var generator = SeededGenerator(seed: 11)
        for round in 0..<200 {
            var bytes = generator.bytes(Int.random(in: 0...200, using: &generator))
            // Every other text is mostly ASCII, where pieces are longer.
            if round % 2 == 0 { bytes = bytes.map { $0 & 0x7F } }
            let kept = bytes.filter { !missing.contains($0) }
            #expect(tokenizer.decode(tokenizer.encode(bytes, parseSpecial: false)) == kept, "round \(round)")
            let shown = tokenizer.encode(bytes, parseSpecial: true).flatMap(tokenizer.text(of:))
            #expect(shown == kept, "round \(round)")
        }
    }

    @Test(.needsAnyModel, arguments: RealModel.testable)
    func longTextsTakeLinearTime(model: RealModel) throws {
        let tokenizer = try tokenizer(model.path)
        var generator = SeededGenerator(seed: 5)
        let letters = (0..<200_000).map { _ in UInt8.random(in: 0x61...0x7A, using: &generator) }
        let texts: [(String, [UInt8])] = [
            ("letters", letters),
            ("one letter", [UInt8](repeating: 0x61, count: 200_000)),
            ("spaces", [UInt8](repeating: 0x20, count: 200_000)),
            ("line breaks", [UInt8](repeating: 0x0A, count: 200_000)),
            ("apostrophes", [UInt8](repeating: 0x27, count: 200_000)),
            ("opening brackets", [UInt8](repeating: 0x3C, count: 200_000)),
            ("invalid", [UInt8](repeating: 0xE4, count: 200_000)),
        ]
        for (name, text) in texts {
            let clock = ContinuousClock()
            var tokens: [Token] = []
            let time = clock.measure { tokens = tokenizer.encode(text, parseSpecial: true) }
            #expect(tokenizer.decode(tokens) == text, "\(name)")
            #expect(time < .seconds(2), "\(name)")
        }
    }

    private func tokenizer(_ path: String) throws -> Tokenizer {
        try Tokenizer(GGUFFile(path: path).tokenizerDefinition())
    }
}
