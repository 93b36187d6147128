import CascadeCore
import CascadeTestSupport
import Testing

@testable import CascadeModel

/// Rows of logits with penalties and a bias, against vLLM's formulas in single precision.
struct AdjustedRowTests {
    private static let settings = [
        SamplingSettings(presencePenalty: 0.7), SamplingSettings(presencePenalty: -2, frequencyPenalty: 1.3),
        SamplingSettings(repetitionPenalty: 1.2), SamplingSettings(repetitionPenalty: 0.8),
        SamplingSettings(logitBias: [0, 7, 40].map { LogitBias(token: $0, bias: Double($0) - 20) }),
        SamplingSettings(
            presencePenalty: 0.5,
            frequencyPenalty: -0.4,
            repetitionPenalty: 1.5,
            logitBias: [3, 16, 31, 900].map { LogitBias(token: $0, bias: 3.5 - Double($0) / 50) }
        ),
    ]

    /// `apply_penalties` in vllm/model_executor/layers/utils.py, then the bias, for the token of each logit.
    private static func reference(
        _ logits: [Float],
        of tokens: [Token],
        _ settings: SamplingSettings,
        prompt: [Token],
        answer: [Token]
    ) -> [Float] {
        zip(tokens, logits).map { token, logit in
            let count = answer.count { $0 == token }
            let isSeen = count > 0 || prompt.contains(token)
            let repetition = isSeen ? Float(settings.repetitionPenalty) : 1
            var adjusted = logit > 0 ? logit / repetition : logit * repetition
            adjusted -= Float(settings.frequencyPenalty) * Float(count)
            adjusted -= Float(settings.presencePenalty) * (count > 0 ? 1 : 0)
            if let entry = settings.logitBias.first(where: { $0.token == token }) { adjusted += Float(entry.bias) }
            return adjusted
        }
    }

    private static func isClose(_ found: Float, _ expected: Float) -> Bool {
        abs(found - expected) <= 1e-5 * max(1, abs(expected))
    }

    /// Hands the adjusted row of some logits to `body`.
    private func withRow<Result>(
        _ logits: [Float],
        headTokens: [Token]? = nil,
        _ kernels: TestKernels,
        _ adjustment: LogitsAdjustment,
        _ body: (LogitsRow) throws -> Result
    ) throws -> Result {
        try logits.withUnsafeBufferPointer { buffer in
            let row = try LogitsRow(buffer, headTokens: headTokens, kernels: kernels.kernelSet)
            let adjusted = row.adjusted(by: adjustment)
            // The row itself stays as it was.
            #expect(buffer.elementsEqual(logits) && row.largest == logits.max())
            return try withExtendedLifetime(adjusted) { try body(adjusted) }
        }
    }

    @Test(arguments: TestKernels.all)
    func logitsFollowTheFormulas(_ kernels: TestKernels) throws {
        var random = SeededGenerator(seed: 75)
        let chains = [
            SamplingSettings(temperature: 0), SamplingSettings(temperature: 1),
            SamplingSettings(temperature: 0.7, topK: 9, topP: 0.9, minP: 0.01),
        ]
        for size in [1, 15, 16, 17, 512, 1_003] {
            let logits = (0..<size).map { _ in Float.random(in: -12...9, using: &random) }
            let tokens = (0..<Token(size)).map(\.self)
            let prompt = (0..<20).map { _ in Token.random(in: 0..<Token(size), using: &random) }
            let answer = (0..<30).map { _ in Token.random(in: 0..<Token(min(size, 40)), using: &random) }
            for settings in Self.settings {
                let text = prompt + answer
                let adjustment = try #require(
                    LogitsAdjustment(settings, prefix: text[...], promptLength: prompt.count)
                )
                let expected = Self.reference(logits, of: tokens, settings, prompt: prompt, answer: answer)
                try withRow(logits, kernels, adjustment) { row in
                    let found = Array(row.logits)
                    #expect(zip(found, expected).allSatisfy(Self.isClose), "\(size) \(settings)")
                    // What follows sees a row of these logits, like any other.
                    try found.withUnsafeBufferPointer { buffer in
                        let plain = try LogitsRow(buffer, kernels: kernels.kernelSet)
                        #expect(row.argmax == plain.argmax && row.largest == plain.largest)
                        #expect(row.total == plain.total && row.entropy() == plain.entropy())
                        #expect(row.maximumProbability == plain.maximumProbability)
                        #expect(row.top(5).map(\.token) == plain.top(5).map(\.token))
                        for chain in chains { #expect(row.distribution(chain) == plain.distribution(chain)) }
                    }
                }
            }
        }
    }

    /// A trimmed head has its own tokens alone: others get no probability from a bias, and its own get theirs.
    @Test(arguments: TestKernels.all)
    func trimmedHeads(_ kernels: TestKernels) throws {
        var random = SeededGenerator(seed: 76)
        let head: [Token] = [0, 3, 8, 16, 17, 31, 500, 900]
        let logits = head.map { _ in Float.random(in: -6...6, using: &random) }
        let (prompt, answer): ([Token], [Token]) = ([3, 4, 900], [8, 8, 9, 500])
        for settings in Self.settings {
            let text = prompt + answer
            let adjustment = try #require(LogitsAdjustment(settings, prefix: text[...], promptLength: prompt.count))
            let expected = Self.reference(logits, of: head, settings, prompt: prompt, answer: answer)
            try withRow(logits, headTokens: head, kernels, adjustment) { row in
                #expect(zip(Array(row.logits), expected).allSatisfy(Self.isClose), "\(settings)")
                let best = expected.indices.max { (expected[$0], $1) < (expected[$1], $0) } ?? 0
                #expect(row.argmax == head[best])
                #expect(row.distribution(SamplingSettings(temperature: 1)).tokens == head)
                #expect(row.probability(of: 7) == 0 && row.probability(of: 40) == 0)
            }
        }
    }

    @Test(arguments: TestKernels.all)
    func extremesStayFinite(_ kernels: TestKernels) throws {
        let logits: [Float] = [3e38, -3e38, 1, 2]
        let settings = SamplingSettings(repetitionPenalty: 0.01, logitBias: [LogitBias(token: 2, bias: 100)])
        let harsh = SamplingSettings(repetitionPenalty: 100)
        for settings in [settings, harsh] {
            let adjustment = try #require(LogitsAdjustment(settings, prefix: [0, 1], promptLength: 2))
            try withRow(logits, kernels, adjustment) { row in
                #expect(row.logits.allSatisfy(\.isFinite) && row.argmax == 0)
                #expect(row.distribution(SamplingSettings(temperature: 1)).tokens == [0])
            }
        }
    }

    /// A row outlives the array that it was made from, and the engine's next pass.
    @Test func anAdjustedRowHasItsOwnLogits() throws {
        let model = try Model.load(path: Fixtures.modelPath("tiny-llama.Q8_0"))
        let engine = try Engine(model: model, options: EngineOptions(threads: 1, contextTokens: 64))
        let cache = engine.makeCache()
        let settings = SamplingSettings(temperature: 1, logitBias: [LogitBias(token: 5, bias: 2)])
        let adjustment = try #require(LogitsAdjustment(settings, prefix: [], promptLength: 0))
        try engine.forward([Segment(cache: cache, tokens: [300, 17, 42], logits: 1)])
        let row = try engine.row(segment: 0, row: 0).adjusted(by: adjustment)
        let before = row.distribution(settings)
        try engine.forward([Segment(cache: cache, tokens: [5], logits: 1)])
        #expect(row.distribution(settings) == before)
        #expect(try engine.row(segment: 0, row: 0).distribution(settings) != before)
    }

    // MARK: The reference path

    /// `model generate`: each token is the argmax of the adjusted logits behind those before it.
    @Test func generationFollowsTheFormulas() throws {
        let model = try Model.load(path: Fixtures.modelPath("tiny-llama.Q8_0"))
        let engine = try Engine(model: model, options: EngineOptions(threads: 1, contextTokens: 128))
        let prompt: [Token] = [300, 17, 42, 5, 256, 301, 8]
        let tokens = (0..<Token(512)).map(\.self)
        func generated(_ settings: SamplingSettings) throws -> [Token] {
            try Generator(engine: engine).generate(
                prompt: prompt,
                maximumTokens: 40,
                sampling: settings,
                draw: { row, _ in row.tokens[0] }
            ).tokens
        }
        let plain = try generated(SamplingSettings())
        var others = 0
        for settings in Self.settings {
            let found = try generated(settings)
            #expect(found.count == 40, "\(settings)")
            if found != plain { others += 1 }
            try engine.forward([Segment(cache: engine.makeCache(), tokens: prompt + found, logits: found.count + 1)])
            for (index, token) in found.enumerated() {
                let logits = Array(engine.logits(segment: 0, row: index))
                let answer = Array(found[..<index])
                let expected = Self.reference(logits, of: tokens, settings, prompt: prompt, answer: answer)
                // Single precision may order what is nearly equal otherwise.
                #expect(expected[Int(token)] >= (expected.max() ?? 0) - 1e-4, "\(settings), token \(index)")
            }
        }
        #expect(others > 2)
    }
}
