import CascadeCore
import CascadeTestSupport
import Testing

@testable import CascadeModel

/// The real 0.5B model: a sequence's logits have the same bits whatever shares its passes and however its tokens come.
struct BatchInvarianceTests {
    /// Rows whose logits are compared: the prompt's last and those of a draft behind it.
    private static let draft = 9

    private struct Bench {
        let engine: Engine
        let prompt: [Token]
        let draft: [Token]

        init(_ model: Model, threads: Int, prompt: [Token], draft: [Token]) throws {
            let options = EngineOptions(threads: threads, contextTokens: 2_048, maximumRows: 128)
            engine = try Engine(model: model, options: options)
            self.prompt = prompt
            self.draft = draft
        }

        /// Bit patterns of the logits behind the prompt and behind each drafted token. Passes hold `neighbours` beside.
        func bits(chunk: Int, block: Int, neighbours: [SequenceCache] = []) throws -> [[UInt32]] {
            let cache = engine.makeCache()
            defer { cache.release() }
            var beside = neighbours.map(\.length)
            func pass(_ tokens: [Token], logits: Int) throws -> [[UInt32]] {
                // Neighbours draft, decode and read prompts: between 1 and 7 rows each, with logits or without.
                let others = neighbours.indices.map { index in
                    let text = (0..<index % 7 + 1).map { Token(1_000 * (index + 1) + beside[index] + $0) }
                    beside[index] += text.count
                    return Segment(cache: neighbours[index], tokens: text, logits: index % 2)
                }
                let own = others.count / 2
                var segments = others
                segments.insert(Segment(cache: cache, tokens: tokens, logits: logits), at: own)
                try engine.forward(segments)
                return (0..<logits).map { engine.logits(segment: own, row: $0).map(\.bitPattern) }
            }
            var rows: [[UInt32]] = []
            for start in stride(from: 0, to: prompt.count, by: chunk) {
                let end = min(start + chunk, prompt.count)
                rows += try pass(Array(prompt[start..<end]), logits: end == prompt.count ? 1 : 0)
            }
            for start in stride(from: 0, to: draft.count, by: block) {
                let tokens = Array(draft[start..<min(start + block, draft.count)])
                rows += try pass(tokens, logits: tokens.count)
            }
            return rows
        }
    }

    @Test(.needs(.coderHalfBillion))
    func logitsOfTheRealModelDoNotDependOnTheBatch() throws {
        let model = try Model.load(path: RealModel.coderHalfBillion.path)
        var random = SeededGenerator(seed: 5)
        let prompt = (0..<83).map { _ in Token.random(in: 0..<50_000, using: &random) }
        let draft = (0..<Self.draft).map { _ in Token.random(in: 0..<50_000, using: &random) }
        let alone = try Bench(model, threads: 1, prompt: prompt, draft: draft)
        let expected = try alone.bits(chunk: 1, block: 1)
        #expect(expected.count == 1 + Self.draft && Set(expected).count == expected.count)
        for threads in [1, 2] {
            let bench = try Bench(model, threads: threads, prompt: prompt, draft: draft)
            for chunk in [1, 7, 64, prompt.count] {
                #expect(
                    try bench.bits(chunk: chunk, block: chunk % 8 + 1) == expected,
                    "chunks of \(chunk), \(threads) threads"
                )
            }
            for block in 1...Self.draft {
                #expect(
                    try bench.bits(chunk: prompt.count, block: block) == expected,
                    "blocks of \(block), \(threads) threads"
                )
            }
            let neighbours = (0..<7).map { _ in bench.engine.makeCache() }
            for (chunk, block) in [(7, 1), (64, 4), (prompt.count, 9)] {
                #expect(
                    try bench.bits(chunk: chunk, block: block, neighbours: neighbours) == expected,
                    "7 others, chunks of \(chunk), blocks of \(block), \(threads) threads"
                )
            }
        }
    }
}
