import CascadeCore
import CascadeModel
import CascadeTestSupport
import Testing

@testable import CascadeNode

/// What a node makes of a request's prefix, with a tiny model and a cache of a few pages.
struct SequenceTableTests {
    private let engine: Engine
    private let spec = SequenceSpec(id: 1, seed: 2)

    init() throws {
        let model = try Model.load(path: Fixtures.modelPath("tiny-llama.Q8_0"))
        engine = try Engine(model: model, options: EngineOptions(threads: 1, contextTokens: 5 * 64))
    }

    private func tokens(_ count: Int, seed: UInt64) -> [Token] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { _ in Token.random(in: 0..<512, using: &random) }
    }

    private func sequence(_ number: UInt64) -> SequenceID { SequenceID(job: JobID(rawValue: number)) }

    /// The tokens as a request names them whose node is thought to hold the first `known`.
    private func prefix(_ tokens: [Token], known: Int = 0) -> Prefix {
        Prefix(
            baseLength: UInt32(tokens.count),
            hash: PrefixHash.extend(PrefixHash.empty, tokens[..<known]),
            tail: Array(tokens[known...])
        )
    }

    private func resolve(_ table: inout SequenceTable, _ number: UInt64, _ prefix: Prefix) -> SequenceTable.Resolution {
        table.resolve(sequence(number), specID: 1, spec: spec, prefix: prefix)
    }

    /// Feeds what a request stands on; the last row's bits and the number of tokens that had to be computed.
    private func run(
        _ table: inout SequenceTable,
        _ number: UInt64,
        _ prefix: Prefix
    ) throws -> (row: [UInt32], computed: Int) {
        guard case .ready(_, let cache, var feed) = resolve(&table, number, prefix) else {
            Issue.record("sequence \(number) is not ready")
            return ([], 0)
        }
        table.reuse(cache, &feed, leaving: 1)
        let active = sequence(number)
        try table.forward([Segment(cache: cache, tokens: feed, logits: 1)]) { $0 == active }
        #expect(cache.length == Int(prefix.baseLength))
        return (engine.logits(segment: 0, row: 0).map(\.bitPattern), feed.count)
    }

    private func missing(_ resolution: SequenceTable.Resolution) -> Int? {
        guard case .missing(let length, needsSpec: false) = resolution else { return nil }
        return length
    }

    @Test func aSecondSequenceTakesThePagesOfTheFirst() throws {
        var table = SequenceTable(engine: engine)
        let text = tokens(150, seed: 1)
        let first = try run(&table, 1, prefix(text))
        #expect(first.computed == 150 && table.hitTokens == 0)
        let second = try run(&table, 2, prefix(text))
        #expect(second.computed == 22 && table.hitTokens == 128)
        #expect(second.row == first.row)
        // Their sequences are gone, their pages are not.
        for number in 1...2 { table.release(sequence(UInt64(number))) }
        #expect(engine.pagesFree == engine.pageCount)
        let third = try run(&table, 3, prefix(text))
        #expect(third.computed == 22 && third.row == first.row)
        // A prompt of whole pages: its last token is fed all the same.
        let whole = try run(&table, 4, prefix(Array(text[..<128])))
        #expect(whole.computed == 1 && table.hitTokens == 2 * 128 + 127)
        let alone = SequenceTable(engine: try Engine(model: engine.model, options: engine.options))
        #expect(alone.hitTokens == 0)
    }

    @Test func aSequenceThatGavePagesSaysWhatIsLeft() throws {
        var table = SequenceTable(engine: engine)
        let text = tokens(200, seed: 2)
        let first = try run(&table, 1, prefix(text))
        #expect(engine.pagesFree == 1)
        // Another one needs two pages, so the first gives all of its four: the free page and the partial one are taken,
        // the full ones stay.
        _ = try run(&table, 2, prefix(tokens(100, seed: 3)))
        #expect(engine.pagesCached == 3)
        #expect(missing(resolve(&table, 1, prefix(text, known: 200 - 1))) == 192)
        #expect(table.hitTokens == 192)
        // Told the rest, it goes on as if nothing had been.
        let again = try run(&table, 1, prefix(text, known: 192))
        #expect(again.computed == 8 && again.row == first.row)
        // A third one takes the last of the full pages too.
        table.release(sequence(2))
        _ = try run(&table, 3, prefix(tokens(190, seed: 4)))
        #expect(missing(resolve(&table, 1, prefix(text, known: 199))) == 128)
        let last = try run(&table, 1, prefix(text, known: 128))
        #expect(last.row == first.row)
    }

    @Test func whatDoesNotFitIsAskedFor() throws {
        var table = SequenceTable(engine: engine)
        let text = tokens(100, seed: 5)
        _ = try run(&table, 1, prefix(text))
        // Longer than what is there; another text of the same length; a sequence that nobody knows.
        #expect(missing(resolve(&table, 1, prefix(text + text, known: 150))) == 100)
        #expect(missing(resolve(&table, 1, prefix(tokens(100, seed: 6), known: 90))) == 0)
        guard
            case .missing(0, needsSpec: true) = table.resolve(
                sequence(9),
                specID: 1,
                spec: nil,
                prefix: prefix(text)
            )
        else {
            Issue.record("an unknown sequence needs its spec")
            return
        }
        // A rejected draft is cut off; a request without any token breaks nothing.
        let cut = try run(&table, 1, prefix(Array(text[..<70]) + [1, 2], known: 68))
        #expect(cut.computed == 2)
        guard case .ready(_, let cache, var feed) = resolve(&table, 1, prefix([])) else {
            Issue.record("an empty prefix is not missing")
            return
        }
        table.reuse(cache, &feed, leaving: 1)
        #expect(cache.length == 0 && feed.isEmpty)
    }

    @Test func activeSequencesKeepTheirPages() throws {
        var table = SequenceTable(engine: engine)
        let (text, other) = (tokens(200, seed: 7), tokens(100, seed: 8))
        let first = try run(&table, 1, prefix(text))
        guard case .ready(_, let cache, let feed) = resolve(&table, 2, prefix(other)) else {
            Issue.record("not ready")
            return
        }
        #expect(throws: ModelError.cacheFull(pagesNeeded: 2, pagesFree: 1)) {
            try table.forward([Segment(cache: cache, tokens: feed, logits: 1)]) { _ in true }
        }
        let again = try run(&table, 1, prefix(text, known: 199))
        #expect(again.computed == 1 && again.row == first.row)
    }

    @Test func theLimitFollowsFromMemory() throws {
        let bytes = engine.model.configuration.cacheBytesPerToken
        #expect(bytes == 2 * 2 * 64 * 3 * 2)
        #expect(try CacheLimit.tokens(1_000).tokens(bytesPerToken: bytes) == 1_000)
        // Whole pages that fit.
        #expect(try CacheLimit.memory(bytes: 1 << 20).tokens(bytesPerToken: bytes) == 640)
        #expect(try CacheLimit.memory(bytes: 128 * bytes).tokens(bytesPerToken: bytes) == 128)
        for size in [0, 128 * bytes - 1, Int.max] {
            #expect(throws: NodeError.self) { try CacheLimit.memory(bytes: size).tokens(bytesPerToken: bytes) }
        }
    }
}
