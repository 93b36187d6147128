import CascadeCore
import CascadeTestSupport
import Testing

@testable import CascadeModel

/// Pages and who holds them. "Computing" a position writes the chain hash of the tokens up to it into its slot, so that
/// every later look at a page tells whether it still holds what its sequences think.
struct PagePoolTests {
    private static let page = PagePool.pageTokens

    private func pool(pages: Int) throws -> PagePool {
        let file = try GGUFFile(path: Fixtures.modelPath("tiny-llama.Q8_0"))
        return try PagePool(tokens: pages * Self.page, configuration: ModelConfiguration(file))
    }

    private func tokens(_ count: Int, seed: UInt64) -> [Token] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { _ in Token.random(in: 0..<512, using: &random) }
    }

    private func slot(_ cache: SequenceCache, _ position: Int) throws -> UnsafeMutablePointer<Hash128> {
        let page = try #require(cache.pages[position / Self.page])
        return UnsafeMutableRawPointer(mutating: page).assumingMemoryBound(to: Hash128.self) + position % Self.page
    }

    private func feed(_ cache: SequenceCache, _ tokens: [Token]) throws {
        let start = cache.length
        cache.append(tokens[...])
        var hash = cache.hash(ofFirst: start)
        for position in start..<cache.length {
            hash = PrefixHash.extend(hash, [cache.tokens[position]])
            try slot(cache, position).pointee = hash
        }
        cache.shareFullPages()
    }

    /// Whether the pages hold what the sequence's tokens say, position by position.
    private func isIntact(_ cache: SequenceCache) throws -> Bool {
        var hash = PrefixHash.empty
        for (position, token) in cache.tokens.enumerated() {
            hash = PrefixHash.extend(hash, [token])
            if try slot(cache, position).pointee != hash { return false }
        }
        return hash == cache.hash(ofFirst: cache.length)
    }

    private func held(_ caches: [SequenceCache]) -> [UnsafeRawPointer: Int] {
        var holders: [UnsafeRawPointer: Int] = [:]
        for cache in caches {
            for index in 0..<cache.pageCount {
                if let page = cache.pages[index] { holders[page, default: 0] += 1 }
            }
        }
        return holders
    }

    /// Any order of operations: each page is free, cached or held by exactly those that read it, and nothing that is
    /// held ever changes.
    @Test(arguments: [UInt64](1...8))
    func anyOrderOfOperationsKeepsTheBooks(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let pool = try self.pool(pages: 24)
        // Texts that begin alike: the second and third leave the first within its third page.
        let first = tokens(500, seed: 1_000 + seed)
        let texts = [first] + [145, 220].map { first[..<$0] + tokens(300, seed: 2_000 + seed + UInt64($0)) }
        let caches = (0..<6).map { _ in SequenceCache(pool: pool, limit: 10 * Self.page + 5) }
        var counts = (adopted: 0, copied: 0, full: 0, cached: 0)
        for _ in 0..<1_500 {
            let cache = caches[Int.random(in: 0..<caches.count, using: &random)]
            let text = texts[Int.random(in: 0..<texts.count, using: &random)]
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                let end = min(text.count, cache.length + Int.random(in: 1...130, using: &random))
                guard cache.length < end else { break }
                let new = Array(text[cache.length..<end])
                let missing = cache.missingPages(for: new.count)
                guard missing <= pool.freeCount else {
                    counts.full += 1
                    break
                }
                let before = held(caches)
                let grows = (end + Self.page - 1) / Self.page - cache.pageCount
                counts.copied += missing - grows
                try feed(cache, new)
                // Twins may have been merged, but never are more pages taken than were counted.
                #expect(held(caches).count <= before.count + missing)
            case 5..<7: cache.truncate(to: Int.random(in: 0...cache.length, using: &random))
            case 7: cache.release()
            default:
                let next = text.dropFirst(cache.length)
                let before = cache.length
                let adopted = cache.adopt(next)
                #expect(cache.length == before + adopted && cache.length <= 10 * Self.page)
                #expect(adopted == 0 || cache.length % Self.page == 0)
                #expect(cache.tokens[before...] == next.prefix(adopted))
                counts.adopted += adopted
            }
            counts.cached = max(counts.cached, pool.cachedCount)
            let holders = held(caches)
            #expect(holders.count + pool.freeCount == pool.count)
            #expect(pool.cachedCount <= pool.freeCount)
            #expect(holders.allSatisfy { pool.isShared($0.key) == ($0.value > 1) })
            for cache in caches { #expect(try isIntact(cache)) }
            // Whoever comes with a held sequence's tokens gets all its full pages.
            let visitor = SequenceCache(pool: pool, limit: 10 * Self.page + 5)
            #expect(visitor.adopt(cache.tokens[...]) == cache.length / Self.page * Self.page)
            #expect(try isIntact(visitor))
        }
        // Every case was met.
        #expect(counts.adopted > 0 && counts.copied > 0 && counts.full > 0 && counts.cached > 0, "\(counts)")
        for cache in caches { cache.release() }
        #expect(pool.freeCount == pool.count)
        let all = (0..<pool.count).compactMap { _ in pool.take() }
        #expect(Set(all).count == pool.count)
        #expect(pool.take() == nil)
        #expect(pool.freeCount == 0 && pool.cachedCount == 0)
    }

    @Test func theLeastRecentlyReleasedPageGoesFirst() throws {
        let pool = try self.pool(pages: 4)
        let (a, b) = (tokens(128, seed: 1), tokens(64, seed: 2))
        let cache = SequenceCache(pool: pool, limit: 256)
        func holds(_ text: [Token]) -> Int {
            let visitor = SequenceCache(pool: pool, limit: 256)
            return visitor.adopt(text[...])
        }
        for text in [a, b] {
            try feed(cache, text)
            cache.release()
        }
        #expect(pool.cachedCount == 3 && pool.freeCount == 4)
        // The free page first; then of the oldest text its end, which nothing depends on.
        _ = pool.take()
        #expect(pool.cachedCount == 3)
        _ = pool.take()
        #expect(pool.cachedCount == 2)
        // Used again, so the other text is older now.
        #expect(holds(a) == 64)
        _ = pool.take()
        #expect(holds(b) == 0)
        #expect(holds(a) == 64)
        _ = pool.take()
        #expect(holds(a) == 0)
        #expect(pool.freeCount == 0)
    }

    @Test func writingBehindASharedPageCopiesIt() throws {
        let pool = try self.pool(pages: 5)
        let text = tokens(128, seed: 3)
        let (first, second) = (SequenceCache(pool: pool, limit: 256), SequenceCache(pool: pool, limit: 256))
        try feed(first, text)
        #expect(second.adopt(text[...]) == 128)
        #expect(pool.freeCount == 3)
        second.truncate(to: 100)
        #expect(second.missingPages(for: 0) == 0 && second.missingPages(for: 28) == 1)
        #expect(second.missingPages(for: 29) == 2)
        try feed(second, tokens(5, seed: 4))
        #expect(pool.freeCount == 2)
        #expect(second.pages[0] == first.pages[0] && second.pages[1] != first.pages[1])
        #expect(try isIntact(first) && isIntact(second))
        // The only holder keeps its page and takes its name away.
        let page = first.pages[1]
        first.truncate(to: 100)
        #expect(first.missingPages(for: 28) == 0)
        try feed(first, tokens(28, seed: 5))
        #expect(first.pages[1] == page && pool.freeCount == 2)
        let visitor = SequenceCache(pool: pool, limit: 256)
        #expect(visitor.adopt(text[...]) == 64)
        #expect(try isIntact(first) && isIntact(second))
    }

    @Test func twinsBecomeOnePage() throws {
        let pool = try self.pool(pages: 4)
        let text = tokens(70, seed: 6)
        let (first, second) = (SequenceCache(pool: pool, limit: 256), SequenceCache(pool: pool, limit: 256))
        for cache in [first, second] { try feed(cache, Array(text[..<60])) }
        #expect(pool.freeCount == 2)
        for cache in [first, second] { try feed(cache, Array(text[60..<64])) }
        #expect(pool.freeCount == 3 && first.pages[0] == second.pages[0])
        for cache in [first, second] { try feed(cache, Array(text[64...])) }
        #expect(pool.freeCount == 1 && first.pages[1] != second.pages[1])
        #expect(try isIntact(first) && isIntact(second))
    }

    @Test func adoptionReplacesThePartialPage() throws {
        let pool = try self.pool(pages: 6)
        let text = tokens(192, seed: 7)
        let (first, second) = (SequenceCache(pool: pool, limit: 192), SequenceCache(pool: pool, limit: 190))
        try feed(first, Array(text[..<130]))
        try feed(second, Array(text[..<20]))
        #expect(second.adopt(text[20..<60]) == 0)
        #expect(second.adopt(text[20...]) == 108)
        #expect(pool.freeCount == 3)
        #expect(try isIntact(second))
        // Not beyond the limit, and not under a name that belongs to other tokens.
        try feed(first, Array(text[130...]))
        #expect(second.adopt(text[128...]) == 0)
        #expect(second.tokens == Array(text[..<128]))
        #expect(pool.find(first.hash(ofFirst: 64), text[64..<128]) == nil)
    }
}
