import CascadeCore
import CascadeTestSupport
import Testing

@testable import CascadeModel

/// Shared pages change no bits: logits behind adopted pages are those behind computed ones.
struct PrefixSharingTests {
    private func tokens(_ count: Int, vocabulary: Int, seed: UInt64) -> [Token] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { _ in Token.random(in: 0..<Token(vocabulary), using: &random) }
    }

    /// Logits after each of the tokens, as bit patterns; at most 64 of them.
    private func bits(_ engine: Engine, _ cache: SequenceCache, _ tokens: ArraySlice<Token>) throws -> [[UInt32]] {
        try engine.forward([Segment(cache: cache, tokens: tokens, logits: tokens.count)])
        return (0..<tokens.count).map { engine.logits(segment: 0, row: $0).map(\.bitPattern) }
    }

    private func check(_ path: String) throws {
        let model = try Model.load(path: path)
        let options = EngineOptions(threads: 2, contextTokens: 1_024)
        let text = tokens(150, vocabulary: model.configuration.vocabulary, seed: 31)
        let branch = Array(text[..<100]) + tokens(40, vocabulary: model.configuration.vocabulary, seed: 32)
        // Computed, each by an engine that has seen nothing.
        func computed(_ text: [Token], from start: Int) throws -> [[UInt32]] {
            let engine = try Engine(model: model, options: options)
            let cache = engine.makeCache()
            try engine.forward([Segment(cache: cache, tokens: text[..<start], logits: 0)])
            return try bits(engine, cache, text[start...])
        }
        let expected = try computed(text, from: 127)
        let expectedBranch = try computed(branch, from: 100)

        let engine = try Engine(model: model, options: options)
        let first = engine.makeCache()
        try engine.forward([Segment(cache: first, tokens: text, logits: 0)])
        // Beside the one that computed them, with a copy of the second page.
        let second = engine.makeCache()
        #expect(second.adopt(text[...]) == 128)
        second.truncate(to: 127)
        #expect(try bits(engine, second, text[127...]) == expected)
        let third = engine.makeCache()
        #expect(third.adopt(text[...]) == 128)
        third.truncate(to: 100)
        #expect(try bits(engine, third, branch[100...]) == expectedBranch)
        // Behind pages that all have left.
        for cache in [first, second, third] { cache.release() }
        #expect(engine.pagesFree == engine.pageCount && engine.pagesCached > 0)
        let fourth = engine.makeCache()
        #expect(fourth.adopt(text[...]) == 128)
        #expect(try bits(engine, fourth, text[128...]) == Array(expected[1...]))
        #expect(fourth.adopt(text[...]) == 0)
    }

    @Test(arguments: Fixtures.modelNames)
    func tinyModel(_ name: String) throws {
        try check(Fixtures.modelPath(name))
    }

    @Test(
        .enabled(if: RealModel.coderHalfBillion.isTestable, "\(RealModel.skipReason([.coderHalfBillion]))")
    )
    func realModel() throws {
        try check(RealModel.coderHalfBillion.path)
    }

    @Test func aFullCacheSaysHowManyPagesAreMissing() throws {
        let model = try Model.load(path: Fixtures.modelPath("tiny-llama.Q8_0"))
        let engine = try Engine(model: model, options: EngineOptions(threads: 1, contextTokens: 128))
        let text = tokens(128, vocabulary: 512, seed: 33)
        let (first, second) = (engine.makeCache(), engine.makeCache())
        try engine.forward([Segment(cache: first, tokens: text, logits: 0)])
        #expect(second.adopt(text[...]) == 128)
        #expect(engine.pagesFree == 0)
        second.truncate(to: 100)
        // It cannot write to the shared page, and there is none for a copy.
        #expect(throws: ModelError.cacheFull(pagesNeeded: 1, pagesFree: 0)) {
            try engine.forward([Segment(cache: second, tokens: [1], logits: 1)])
        }
        #expect(second.tokens == Array(text[..<100]) && first.tokens == text)
        // Alone with it, it can.
        first.release()
        #expect(engine.pagesFree == 0)
        let row = try bits(engine, second, [1])
        second.release()
        #expect(engine.pagesFree == 2 && engine.pagesCached == 1)
        try engine.forward([Segment(cache: first, tokens: Array(text[..<100]), logits: 0)])
        #expect(try bits(engine, first, [1]) == row)
    }
}
