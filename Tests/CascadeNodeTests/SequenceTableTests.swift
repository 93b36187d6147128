import CascadeCore
import CascadeModel
import CascadeTestSupport
import Testing

@testable import CascadeNode
@testable import CascadeWorker

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

    /// A table, and the model whose caches it names.
    private struct Node {
        var table = SequenceTable()
        var model: EngineModel

        mutating func resolve(_ number: UInt64, _ prefix: Prefix, spec: SequenceSpec?) -> SequenceTable.Resolution {
            let sequence = SequenceID(job: JobID(rawValue: number))
            let fence = Fence(boot: 1, incarnation: 1, sequence: sequence, round: 1)
            let draft = Draft(
                fence: fence,
                specID: 1,
                spec: spec,
                prefix: prefix,
                count: 1,
                minimumConfidence: 0
            )
            return table.resolve(.draft(draft), in: &model)
        }

        mutating func forward(
            _ cache: CacheID,
            _ feed: ArraySlice<Token>,
            isActive: (SequenceID) -> Bool
        ) throws(ForwardError) {
            _ = try table.forward([BatchEntry(cache: cache, tokens: feed, outputs: 1)], in: &model, isActive: isActive)
        }
    }

    private func makeNode() -> Node { Node(model: EngineModel(engine)) }

    private func resolve(_ node: inout Node, _ number: UInt64, _ prefix: Prefix) -> SequenceTable.Resolution {
        node.resolve(number, prefix, spec: spec)
    }

    /// Feeds what a request stands on; the last row's bits and the number of tokens that had to be computed.
    private func run(
        _ node: inout Node,
        _ number: UInt64,
        _ prefix: Prefix
    ) throws -> (row: [UInt32], computed: Int) {
        guard case .ready(_, let cache, var feed) = resolve(&node, number, prefix) else {
            Issue.record("sequence \(number) is not ready")
            return ([], 0)
        }
        node.table.reuse(cache, &feed, leaving: 1, in: &node.model)
        let active = sequence(number)
        try node.forward(cache, feed) { $0 == active }
        #expect(node.model.tokens(in: cache).count == Int(prefix.baseLength))
        return (engine.logits(segment: 0, row: 0).map(\.bitPattern), feed.count)
    }

    private func missing(_ resolution: SequenceTable.Resolution) -> Int? {
        guard case .missing(let length, needsSpec: false) = resolution else { return nil }
        return length
    }

    @Test func aSecondSequenceTakesThePagesOfTheFirst() throws {
        var node = makeNode()
        let text = tokens(150, seed: 1)
        let first = try run(&node, 1, prefix(text))
        #expect(first.computed == 150 && node.table.hitTokens == 0)
        let second = try run(&node, 2, prefix(text))
        #expect(second.computed == 22 && node.table.hitTokens == 128)
        #expect(second.row == first.row)
        // Their sequences are gone, their pages are not.
        for number in 1...2 { node.table.release(sequence(UInt64(number)), in: &node.model) }
        #expect(engine.pagesFree == engine.pageCount)
        let third = try run(&node, 3, prefix(text))
        #expect(third.computed == 22 && third.row == first.row)
        // A prompt of whole pages: its last token is fed all the same.
        let whole = try run(&node, 4, prefix(Array(text[..<128])))
        #expect(whole.computed == 1 && node.table.hitTokens == 2 * 128 + 127)
    }

    @Test func aSequenceThatGavePagesSaysWhatIsLeft() throws {
        var node = makeNode()
        let text = tokens(200, seed: 2)
        let first = try run(&node, 1, prefix(text))
        #expect(engine.pagesFree == 1)
        // Another one needs two pages, so the first gives all of its four: the free page and the partial one are taken,
        // the full ones stay.
        _ = try run(&node, 2, prefix(tokens(100, seed: 3)))
        #expect(engine.pagesCached == 3)
        #expect(missing(resolve(&node, 1, prefix(text, known: 200 - 1))) == 192)
        #expect(node.table.hitTokens == 192)
        // Told the rest, it goes on as if nothing had been.
        let again = try run(&node, 1, prefix(text, known: 192))
        #expect(again.computed == 8 && again.row == first.row)
        // A third one takes the last of the full pages too.
        node.table.release(sequence(2), in: &node.model)
        _ = try run(&node, 3, prefix(tokens(190, seed: 4)))
        #expect(missing(resolve(&node, 1, prefix(text, known: 199))) == 128)
        let last = try run(&node, 1, prefix(text, known: 128))
        #expect(last.row == first.row)
    }

    @Test func whatDoesNotFitIsAskedFor() throws {
        var node = makeNode()
        let text = tokens(100, seed: 5)
        _ = try run(&node, 1, prefix(text))
        // Longer than what is there; another text of the same length; a sequence that nobody knows.
        #expect(missing(resolve(&node, 1, prefix(text + text, known: 150))) == 100)
        #expect(missing(resolve(&node, 1, prefix(tokens(100, seed: 6), known: 90))) == 0)
        guard
            case .missing(0, needsSpec: true) = node.resolve(9, prefix(text), spec: nil)
        else {
            Issue.record("an unknown sequence needs its spec")
            return
        }
        // A rejected draft is cut off; a request without any token breaks nothing.
        let cut = try run(&node, 1, prefix(Array(text[..<70]) + [1, 2], known: 68))
        #expect(cut.computed == 2)
        guard case .ready(_, let cache, var feed) = resolve(&node, 1, prefix([])) else {
            Issue.record("an empty prefix is not missing")
            return
        }
        node.table.reuse(cache, &feed, leaving: 1, in: &node.model)
        #expect(node.model.tokens(in: cache).isEmpty && feed.isEmpty)
    }

    @Test func activeSequencesKeepTheirPages() throws {
        var node = makeNode()
        let (text, other) = (tokens(200, seed: 7), tokens(100, seed: 8))
        let first = try run(&node, 1, prefix(text))
        guard case .ready(_, let cache, let feed) = resolve(&node, 2, prefix(other)) else {
            Issue.record("not ready")
            return
        }
        #expect(throws: ForwardError.cacheFull(pagesNeeded: 2)) { try node.forward(cache, feed) { _ in true } }
        let again = try run(&node, 1, prefix(text, known: 199))
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
