package import CascadeCore

/// The caches of a model that computes nothing from keys and values: tokens, and the hash of each beginning. What is a
/// function of a prefix needs no more.
package struct TokenCaches: Sendable {
    private struct Cache {
        var tokens: [Token] = []
        /// `hashes[n]` is that of the first n tokens.
        var hashes = [PrefixHash.empty]
    }

    /// Most tokens of all caches.
    package let capacity: Int
    private var caches: [CacheID: Cache] = [:]
    private var lastID: CacheID = 0
    /// Where the rows of the last pass stand: cache and length of the prefix of the first that each entry asked for.
    private var outputs: [(cache: CacheID, length: Int)] = []
    /// Tokens of all caches.
    package private(set) var count = 0

    /// Creates caches without any.
    package init(capacity: Int = .max) {
        self.capacity = capacity
    }

    package mutating func open() -> CacheID {
        lastID += 1
        caches[lastID] = Cache()
        return lastID
    }

    package mutating func close(_ cache: CacheID) {
        count -= caches.removeValue(forKey: cache)?.tokens.count ?? 0
    }

    package func tokens(in cache: CacheID) -> [Token] { caches[cache]?.tokens ?? [] }

    package func hash(ofFirst length: Int, in cache: CacheID) -> Hash128 {
        caches[cache]?.hashes[length] ?? PrefixHash.empty
    }

    package mutating func truncate(_ cache: CacheID, to length: Int) {
        guard let held = caches[cache]?.tokens.count, length < held else { return }
        caches[cache]?.tokens.removeLast(held - length)
        caches[cache]?.hashes.removeLast(held - length)
        count -= held - length
    }

    /// Feeds a pass's tokens.
    package mutating func append(_ batch: [BatchEntry]) throws(ForwardError) {
        let needed = batch.reduce(0) { $0 + $1.tokens.count }
        guard count + needed <= capacity else { throw .cacheFull(pagesNeeded: needed) }
        outputs.removeAll(keepingCapacity: true)
        for entry in batch {
            guard !entry.tokens.isEmpty, 0...entry.tokens.count ~= entry.outputs else {
                throw .failed("\(entry.outputs) rows wanted of \(entry.tokens.count) tokens")
            }
            guard var cache = caches.removeValue(forKey: entry.cache) else { throw .failed("there is no such cache") }
            for token in entry.tokens {
                cache.tokens.append(token)
                cache.hashes.append(PrefixHash.extend(cache.hashes[cache.hashes.count - 1], [token]))
            }
            outputs.append((entry.cache, cache.tokens.count - entry.outputs + 1))
            caches[entry.cache] = cache
        }
        count += needed
    }

    /// The length of the prefix that an output row of the last pass stands behind.
    package func length(ofRow row: Int, entry: Int) -> Int { outputs[entry].length + row }

    /// The tokens that an output row of the last pass stands behind.
    package func tokens(ofRow row: Int, entry: Int) -> ArraySlice<Token> {
        let (cache, length) = outputs[entry]
        return caches[cache]?.tokens[..<(length + row)] ?? []
    }

    /// The prefix that an output row of the last pass stands behind: its hash and its last token.
    package func prefix(ofRow row: Int, entry: Int) -> (hash: Hash128, last: Token) {
        let (cache, length) = outputs[entry]
        guard let held = caches[cache] else { return (PrefixHash.empty, 0) }
        return (held.hashes[length + row], held.tokens[length + row - 1])
    }
}

/// A language model over ``TokenCaches``: a page is a token, and nothing is shared.
package protocol TokenModel: LanguageModel {
    /// Its caches.
    var caches: TokenCaches { get set }
}

extension TokenModel {
    package var pageTokens: Int { 1 }
    package var pageCount: Int { caches.capacity }
    package var freePages: Int { caches.capacity - caches.count }
    package mutating func openCache() -> CacheID { caches.open() }
    package mutating func closeCache(_ cache: CacheID) { caches.close(cache) }
    package func tokens(in cache: CacheID) -> [Token] { caches.tokens(in: cache) }
    package func hash(ofFirst length: Int, in cache: CacheID) -> Hash128 { caches.hash(ofFirst: length, in: cache) }
    package mutating func truncate(_ cache: CacheID, to length: Int) { caches.truncate(cache, to: length) }
    package mutating func adopt(_ next: ArraySlice<Token>, into cache: CacheID) -> Int { 0 }
}
