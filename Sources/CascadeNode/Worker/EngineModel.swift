package import CascadeConstraint
package import CascadeCore
internal import CascadeHost
package import CascadeModel
package import CascadeWorker

/// An ``Engine`` as a ``Worker`` drives it. Confined to the engine's thread.
package struct EngineModel: LanguageModel {
    /// Row counts of the cost curve that a node tells when it is ready.
    package static let measuredRows = [1, 2, 4, 5, 8, 16]

    private let engine: Engine
    private let vocabulary: Vocabulary?
    private var caches: [CacheID: SequenceCache] = [:]
    private var lastID: CacheID = 0

    /// Wraps an engine; without a vocabulary nothing can be constrained.
    package init(_ engine: Engine, vocabulary: Vocabulary? = nil) {
        self.engine = engine
        self.vocabulary = vocabulary
    }

    package var pageTokens: Int { Engine.pageTokens }
    package var pageCount: Int { engine.pageCount }
    package var freePages: Int { engine.pagesFree }

    package mutating func openCache() -> CacheID {
        lastID += 1
        caches[lastID] = engine.makeCache()
        return lastID
    }

    package mutating func closeCache(_ cache: CacheID) { caches.removeValue(forKey: cache)?.release() }
    package func tokens(in cache: CacheID) -> [Token] { caches[cache]?.tokens ?? [] }
    package func hash(ofFirst length: Int, in cache: CacheID) -> Hash128 {
        caches[cache]?.hash(ofFirst: length) ?? PrefixHash.empty
    }
    package func truncate(_ cache: CacheID, to length: Int) { caches[cache]?.truncate(to: length) }
    package func adopt(_ next: ArraySlice<Token>, into cache: CacheID) -> Int { caches[cache]?.adopt(next) ?? 0 }

    package func forward(_ batch: [BatchEntry]) throws(ForwardError) -> Double {
        var segments: [Segment] = []
        for entry in batch {
            guard let cache = caches[entry.cache] else { throw .failed("there is no cache \(entry.cache)") }
            segments.append(Segment(cache: cache, tokens: entry.tokens, logits: entry.outputs))
        }
        let started = MonotonicClock.now()
        do throws(ModelError) {
            try engine.forward(segments)
        } catch .cacheFull(let pagesNeeded, _) {
            throw .cacheFull(pagesNeeded: pagesNeeded)
        } catch {
            throw .failed("\(error)")
        }
        return MonotonicClock.seconds(since: started) * 1_000
    }

    package func constraintVocabulary() -> ConstraintVocabulary? { vocabulary.map { ConstraintVocabulary($0) } }

    package func row(_ row: Int, of entry: Int) throws(ForwardError) -> LogitsRow {
        do throws(ModelError) {
            return try engine.row(segment: entry, row: row)
        } catch {
            throw .failed("\(error)")
        }
    }
}
