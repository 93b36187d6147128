import CascadeCore
import Testing

@testable import CascadeCoordinator

/// Pools, their vocabularies, and what is remembered of them.
@Suite struct PoolTableTests {
    private static func instant(_ milliseconds: UInt64) -> Instant {
        Instant(nanoseconds: 0).advanced(milliseconds: milliseconds)
    }

    private static let vocabulary = Vocabulary(pieces: [[65], [66]], endTokens: [], hash: Hash128(high: 1, low: 2))

    private static func pool(_ name: String, model: UInt64? = nil) -> Pool {
        var pool = Pool(name: name, vocabularyHash: vocabulary.hash, vocabularyCount: 2, isSynthetic: false)
        pool.expertModel = model.map {
            ExpertModel(fingerprint: Hash128(high: 0, low: $0), numericsID: "n", name: "model \($0)")
        }
        return pool
    }

    private static func tokenizer(_ model: UInt64) -> TokenizerID {
        TokenizerID(model: Hash128(high: 0, low: model), vocabulary: vocabulary.hash)
    }

    /// Pools of one model share its tokenizer: what one learns, all know, and none waits for it any more.
    @Test func poolsOfOneModelShareItsTokenizer() {
        var table = PoolTable()
        for (name, model) in [("a", 1), ("b", 1), ("c", 2)] as [(String, UInt64)] {
            table.found(Self.pool(name, model: model))
            table.expectTokenizer(from: NodeHandle(rawValue: model), until: Self.instant(5), of: name)
        }
        #expect(table.vocabulary(of: "a") == nil)
        table.learn(Self.vocabulary, of: Self.tokenizer(1))
        #expect(table.vocabulary(of: "a") != nil && table.vocabulary(of: "b") != nil)
        #expect(table.vocabulary(of: "c") == nil)
        #expect(["a", "b", "c"].map { table[$0]?.tokenizerSource == nil } == [true, true, false])
        #expect(table.brokenInvariant == nil)
    }

    /// Of the vocabularies that no pool has, as many stay as may, those that were let go last.
    @Test func unusedVocabulariesGoLongestUnusedFirst() {
        var table = PoolTable()
        for model in 1...4 as ClosedRange<UInt64> {
            table.found(Self.pool("p\(model)", model: model))
            table.learn(Self.vocabulary, of: Self.tokenizer(model))
        }
        var gone: [TokenizerID] = []
        for model in [2, 1, 3] as [UInt64] {
            table.remove("p\(model)")
            gone += table.release(Self.tokenizer(model), keeping: 1)
        }
        #expect(gone == [Self.tokenizer(2), Self.tokenizer(1)])
        #expect(table.knows(Self.tokenizer(3)) && table.knows(Self.tokenizer(4)) && table.vocabularyCount == 2)
    }

    /// Whoever comes and goes, a pool with nodes stays known, and those that are gone are not remembered without end.
    @Test func gonePoolsAreRememberedForAWhile() {
        var table = PoolTable()
        #expect(table.servedSince == nil && !table.isKnown("here"))
        table.found(Self.pool("here"))
        table.noteService(of: "here", at: Self.instant(7))
        for number in 0..<200 { table.noteService(of: "gone \(number)", at: Self.instant(9)) }
        #expect(table.servedSince == Self.instant(7))
        #expect(table.isKnown("here") && table.isKnown("gone 199") && !table.isKnown("gone 0"))
        #expect((0..<200).count { table.isKnown("gone \($0)") } == 63)
        #expect(table.brokenInvariant == nil)
    }

    /// The clock of a pool's jobs runs from the first that is pending, and stops with the last.
    @Test func progressIsThatOfPendingJobs() {
        var table = PoolTable()
        table.noteProgress(of: "a", at: Self.instant(1))
        #expect(table.lastProgress(of: "a") == nil, "nothing is pending")
        table.noteJob(of: "a", at: Self.instant(2))
        table.noteJob(of: "a", at: Self.instant(3))
        #expect(table.lastProgress(of: "a") == Self.instant(2))
        #expect(table.judged == ["a"], "no pool has been served: all are judged")
        table.noteService(of: "b", at: Self.instant(4))
        #expect(table.judged == [])
        table.noteProgress(of: "a", at: Self.instant(5))
        table.noteStandstill(until: Self.instant(8), tokenizerDeadline: Self.instant(9))
        #expect(table.lastProgress(of: "a") == Self.instant(8))
        table.forgetProgress(except: ["b"])
        #expect(table.lastProgress(of: "a") == nil)
    }
}
