import CascadeCore
import CascadeTestSupport
import Testing

@testable import CascadeModel

/// The engine as its users see it: the same bits however tokens come in, and nothing done when something is refused.
struct EngineTests {
    private func engine(
        _ model: Model,
        threads: Int = 2,
        contextTokens: Int = 1_024,
        maximumRows: Int = 64,
        kernels: TestKernels? = nil
    ) throws -> Engine {
        let options = EngineOptions(threads: threads, contextTokens: contextTokens, maximumRows: maximumRows)
        return try Engine(model: model, options: options, kernels: kernels?.kernelSet)
    }

    private func tokens(_ count: Int, seed: UInt64) -> [Token] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { _ in Token.random(in: 0..<512, using: &random) }
    }

    /// Logits after each of the tokens, fed in parts of the given lengths, as bit patterns.
    private func bits(_ engine: Engine, _ cache: SequenceCache, _ tokens: [Token], parts: [Int]) throws -> [[UInt32]] {
        var rows: [[UInt32]] = []
        var start = 0
        for part in parts {
            let segment = Segment(cache: cache, tokens: Array(tokens[start..<start + part]), logits: part)
            try engine.forward([segment])
            rows += (0..<part).map { row in engine.logits(segment: 0, row: row).map(\.bitPattern) }
            start += part
        }
        return rows
    }

    @Test(arguments: Fixtures.modelNames)
    func logitsDoNotDependOnHowTokensCome(_ name: String) throws {
        let model = try Model.load(path: Fixtures.modelPath(name))
        let text = tokens(70, seed: 81)
        let first = try self.engine(model, threads: 1)
        let expected = try bits(first, first.makeCache(), text, parts: [Int](repeating: 1, count: 70))
        for (parts, threads) in [
            ([64, 6], 2), ([1, 2, 3, 5, 8, 16, 35], 2), ([33, 37], 3), ([9, 61], 1), ([17, 53], 4),
        ] {
            let engine = try self.engine(model, threads: threads)
            // A page table that is not in order: pages of sequences that came and went.
            let (other, gone) = (engine.makeCache(), engine.makeCache())
            _ = try bits(engine, gone, text, parts: [64])
            _ = try bits(engine, other, text.reversed(), parts: [40])
            gone.release()
            #expect(
                try bits(engine, engine.makeCache(), text, parts: parts) == expected,
                "\(parts), \(threads) threads"
            )
        }
        // Passes of fewer rows than a part: several passes in one call.
        let options = EngineOptions(threads: 2, contextTokens: 1_024, maximumRows: 7, maximumLogits: 70)
        let small = try Engine(model: model, options: options)
        #expect(try bits(small, small.makeCache(), text, parts: [70]) == expected)
    }

    @Test(arguments: TestKernels.all)
    func kernelSetsAgree(_ kernels: TestKernels) throws {
        for name in Fixtures.modelNames {
            let model = try Model.load(path: Fixtures.modelPath(name))
            let text = tokens(20, seed: 82)
            let generic = try self.engine(model, kernels: TestKernels.all[TestKernels.all.count - 1])
            let expected = try bits(generic, generic.makeCache(), text, parts: [20])
            let engine = try self.engine(model, kernels: kernels)
            #expect(engine.kernelName == kernels.kernelSet.name)
            #expect(try bits(engine, engine.makeCache(), text, parts: [13, 7]) == expected, "\(name)")
        }
    }

    @Test func sequencesShareAPass() throws {
        let model = try Model.load(path: Fixtures.modelPath("tiny-llama.Q4_K_M"))
        let texts = (0..<5).map { tokens(20 + 11 * $0, seed: 83 + UInt64($0)) }
        let alone = try texts.map { text in
            let engine = try self.engine(model)
            return try bits(engine, engine.makeCache(), text, parts: [text.count])
        }
        // A prompt, a draft, a single token, and logits for some rows only, all in one pass.
        let engine = try self.engine(model)
        let caches = texts.map { _ in engine.makeCache() }
        let fed = [0, 28, 41, 50, 63]
        for (index, count) in fed.enumerated() where count > 0 {
            try engine.forward([Segment(cache: caches[index], tokens: Array(texts[index][..<count]), logits: 0)])
        }
        let wanted = [1, 3, 1, 0, 1]
        try engine.forward(
            texts.indices.map { index in
                Segment(cache: caches[index], tokens: Array(texts[index][fed[index]...]), logits: wanted[index])
            }
        )
        for index in texts.indices {
            #expect(caches[index].tokens == texts[index])
            for row in 0..<wanted[index] {
                let expected = alone[index][texts[index].count - wanted[index] + row]
                #expect(engine.logits(segment: index, row: row).map(\.bitPattern) == expected)
            }
        }
    }

    @Test func cuttingAndFeedingAgainGivesTheSameBits() throws {
        let model = try Model.load(path: Fixtures.modelPath("tiny-qwen2.f16"))
        let engine = try self.engine(model)
        let text = tokens(150, seed: 91)
        let cache = engine.makeCache()
        let expected = try bits(engine, cache, text, parts: [60, 60, 30])
        for length in [149, 129, 128, 127, 64, 63, 1, 0] {
            // Other tokens in between, as after a rejected draft.
            cache.truncate(to: length)
            #expect(cache.length == length)
            try engine.forward([Segment(cache: cache, tokens: tokens(40, seed: 92), logits: 1)])
            cache.truncate(to: length)
            let rest = Array(text[length...])
            let parts = stride(from: 0, to: rest.count, by: 60).map { min(60, rest.count - $0) }
            #expect(try bits(engine, cache, rest, parts: parts) == Array(expected[length...]), "cut to \(length)")
        }
        #expect(cache.tokens == text)
    }

    @Test func pagesComeBack() throws {
        let model = try Model.load(path: Fixtures.modelPath("tiny-llama.Q8_0"))
        let engine = try self.engine(model, contextTokens: 256)
        #expect(engine.pageCount == 4)
        let first = engine.makeCache()
        try engine.forward([Segment(cache: first, tokens: tokens(65, seed: 93), logits: 0)])
        #expect(engine.pagesFree == 2)
        first.truncate(to: 64)
        #expect(engine.pagesFree == 3)
        do {
            let second = engine.makeCache()
            try engine.forward([Segment(cache: second, tokens: tokens(3, seed: 94), logits: 0)])
            #expect(engine.pagesFree == 2)
        }
        #expect(engine.pagesFree == 3)
        first.release()
        #expect(engine.pagesFree == 4)
        #expect(first.length == 0)
    }

    @Test func refusedRequestsChangeNothing() throws {
        let model = try Model.load(path: Fixtures.modelPath("tiny-llama.Q8_0"))
        let engine = try self.engine(model, contextTokens: 128, maximumRows: 16)
        let cache = engine.makeCache()
        try engine.forward([Segment(cache: cache, tokens: [1, 2, 3], logits: 1)])
        let before = engine.logits(segment: 0, row: 0).map(\.bitPattern)
        func refused(_ segments: [Segment]) -> ModelError? {
            do throws(ModelError) {
                try engine.forward(segments)
                return nil
            } catch { return error }
        }
        let other = engine.makeCache()
        let long = tokens(100, seed: 95)
        #expect(
            refused([Segment(cache: cache, tokens: [1], logits: 1), Segment(cache: other, tokens: long, logits: 0)])
                == .cacheFull(pagesNeeded: 2, pagesFree: 1)
        )
        #expect(
            refused([Segment(cache: cache, tokens: long + long, logits: 0)]) == .contextFull(length: 203, limit: 128)
        )
        #expect(refused([Segment(cache: cache, tokens: [512], logits: 1)]) == .invalidToken(512, vocabulary: 512))
        #expect(
            refused([Segment(cache: cache, tokens: long, logits: 17)]) == .tooManyLogits(requested: 17, limit: 16)
        )
        for segments in [
            [Segment(cache: cache, tokens: [], logits: 0)], [Segment(cache: cache, tokens: [1], logits: 2)],
            [Segment(cache: cache, tokens: [1], logits: -1)],
            [Segment(cache: cache, tokens: [1], logits: 1), Segment(cache: cache, tokens: [1], logits: 1)],
            [Segment(cache: try self.engine(model).makeCache(), tokens: [1], logits: 1)],
        ] {
            guard case .invalidRequest = refused(segments) else {
                Issue.record("\(segments.count) segments were not refused")
                continue
            }
        }
        #expect(cache.tokens == [1, 2, 3])
        #expect(other.length == 0)
        #expect(engine.pagesFree == 1)
        cache.truncate(to: 2)
        try engine.forward([Segment(cache: cache, tokens: [3], logits: 1)])
        #expect(engine.logits(segment: 0, row: 0).map(\.bitPattern) == before)
    }

    @Test func costsAreMeasured() throws {
        let model = try Model.load(path: Fixtures.modelPath("tiny-llama.Q4_1"))
        let engine = try self.engine(model)
        let costs = try engine.measureCosts(rows: [1, 4, 8])
        #expect(costs.map(\.rows) == [1, 4, 8])
        #expect(costs.allSatisfy { $0.milliseconds > 0 })
        #expect(engine.pagesFree == engine.pageCount)
    }

    @Test func optionsAndKernelNamesAreChecked() throws {
        let model = try Model.load(path: Fixtures.modelPath("tiny-llama.Q4_1"))
        for options in [
            EngineOptions(threads: 0), EngineOptions(threads: 1, contextTokens: 0),
            EngineOptions(threads: 1, maximumRows: 0), EngineOptions(threads: 1, maximumLogits: 0),
        ] {
            #expect(throws: ModelError.invalidRequest(options.problem ?? "")) {
                _ = try Engine(model: model, options: options)
            }
        }
        #expect(throws: ModelError.unknownKernels("avx1024")) { _ = try KernelSet(named: "avx1024") }
    }

    @Test func generationEndsForEveryReason() throws {
        let model = try Model.load(path: Fixtures.modelPath("tiny-llama.f32"))
        let engine = try self.engine(model, contextTokens: 64)
        let generator = Generator(engine: engine)
        func generate(
            _ limit: Int,
            ends: Set<Token> = [],
            onToken: (Token) -> Bool = { _ in true }
        ) throws -> Generator.Output {
            try generator.generate(
                prompt: [5, 6, 7],
                maximumTokens: limit,
                endTokens: ends,
                draw: { row, _ in row.tokens[0] },
                onToken: onToken
            )
        }
        let output = try generate(5)
        #expect(output.tokens.count == 5 && output.end == .limit)
        #expect(try generate(0) == Generator.Output(tokens: [], end: .limit))
        let ended = try generate(5, ends: [output.tokens[0]])
        #expect(ended == Generator.Output(tokens: [output.tokens[0]], end: .endToken))
        #expect(try generate(5) { _ in false }.end == .cancelled)
        let full = try generate(1_000)
        // 64 tokens are fed, and the last of them is answered.
        #expect(full.end == .context && full.tokens.count == 62)
        #expect(engine.pagesFree == engine.pageCount)
    }

    @Test(arguments: [1, 2, 3, 5])
    func crewRunsOnAllThreadsAgainAndAgain(_ threads: Int) throws {
        let counts = UnsafeMutablePointer<Int>.allocate(capacity: threads)
        counts.initialize(repeating: 0, count: threads)
        defer { counts.deallocate() }
        // Sound: each thread has a counter of its own, read when all are done.
        nonisolated(unsafe) let slots = counts
        let crew = try WorkerCrew(count: threads) { slots[$0] += 1 }
        for round in 1...500 {
            crew.run()
            #expect((0..<threads).allSatisfy { slots[$0] == round })
        }
    }
}
