package import CascadeCore

/// What an engine has computed of one sequence: its tokens and their keys and values, in pages of the engine's pool.
///
/// Full pages are shared with all sequences that begin with the same tokens; the last, partial one is the sequence's
/// own. Not `Sendable`: belongs to the thread of the engine that made it. Pages return to the pool when the cache is
/// cut, released or goes away.
package final class SequenceCache {
    /// The tokens fed so far.
    package private(set) var tokens: [Token] = []

    /// Page addresses in order, as the kernels read them; the first ``pageCount`` are valid.
    let pages: UnsafeMutablePointer<UnsafeRawPointer?>
    private(set) var pageCount = 0
    let pool: PagePool
    /// The last of its engine's calls that it was in.
    var lastCall: UInt64 = 0
    /// Names of the full, computed pages: chain hash of the tokens up to each one's last.
    private var names: [Hash128] = []
    /// Most tokens and pages.
    private let limit: Int
    private let capacity: Int

    init(pool: PagePool, limit: Int) {
        self.pool = pool
        self.limit = limit
        capacity = SequenceCache.pages(for: limit)
        pages = .allocate(capacity: max(capacity, 1))
        pages.initialize(repeating: nil, count: max(capacity, 1))
    }

    deinit {
        release()
        pages.deallocate()
    }

    /// Number of tokens fed so far.
    package var length: Int { tokens.count }

    /// Chain hash of the first `length` tokens; hashes at most 63 of them anew.
    package func hash(ofFirst length: Int) -> Hash128 {
        let known = min(length / PagePool.pageTokens, names.count)
        return PrefixHash.extend(name(before: known), tokens[known * PagePool.pageTokens..<length])
    }

    /// Forgets all tokens from position `length` on; nothing happens when there are none.
    package func truncate(to length: Int) {
        guard length < tokens.count else { return }
        tokens.removeLast(tokens.count - max(length, 0))
        let needed = SequenceCache.pages(for: tokens.count)
        // The last page first: of a cached text, its end is to go before what it is no use without.
        while pageCount > needed {
            pageCount -= 1
            if let page = pages[pageCount] { pool.release(page) }
        }
        names.removeLast(max(0, names.count - tokens.count / PagePool.pageTokens))
    }

    /// Forgets all tokens.
    package func release() { truncate(to: 0) }

    /// Takes over what other sequences have computed of the tokens that come next: whole pages, as long as there are
    /// some. Returns how many of `next` the cache now holds beyond those before.
    package func adopt(_ next: ArraySlice<Token>) -> Int {
        var next = next
        let before = tokens.count
        while true {
            let page = tokens.count / PagePool.pageTokens
            let start = page * PagePool.pageTokens
            let missing = start + PagePool.pageTokens - tokens.count
            guard next.count >= missing, start + PagePool.pageTokens <= limit else { break }
            tokens.append(contentsOf: next.prefix(missing))
            let name = PrefixHash.extend(name(before: page), tokens[start...])
            guard let found = pool.find(name, tokens[start...]) else {
                tokens.removeLast(missing)
                break
            }
            if page < pageCount, let partial = pages[page] { pool.release(partial) }
            pages[page] = found
            pageCount = page + 1
            names.append(name)
            next = next.dropFirst(missing)
        }
        return tokens.count - before
    }

    /// Pages that `count` further tokens take from the pool.
    func missingPages(for count: Int) -> Int {
        let new = SequenceCache.pages(for: tokens.count + count) - pageCount
        guard count > 0, let partial = partialPage, pool.isShared(partial) else { return new }
        return new + 1
    }

    /// Appends tokens and the pages for them; the caller has checked that there are enough.
    func append(_ new: ArraySlice<Token>) {
        let missing = SequenceCache.pages(for: tokens.count + new.count) - pageCount
        if let partial = partialPage {
            // Cut back into a full page: others may read it.
            guard let own = pool.makePrivate(partial) else { preconditionFailure("pages were not counted") }
            pages[pageCount - 1] = own
        }
        for _ in 0..<missing {
            guard pageCount < capacity, let page = pool.take() else { preconditionFailure("pages were not counted") }
            pages[pageCount] = page
            pageCount += 1
        }
        tokens.append(contentsOf: new)
    }

    /// Makes full pages known to the other sequences; to be called when the tokens appended last are computed.
    func shareFullPages() {
        while names.count < tokens.count / PagePool.pageTokens {
            let start = names.count * PagePool.pageTokens
            let part = tokens[start..<start + PagePool.pageTokens]
            let name = PrefixHash.extend(name(before: names.count), part)
            guard let page = pages[names.count] else { preconditionFailure("a full page is missing") }
            pages[names.count] = pool.name(page, name, part)
            names.append(name)
        }
    }

    /// The last page, where it is not full.
    private var partialPage: UnsafeRawPointer? {
        tokens.count % PagePool.pageTokens == 0 ? nil : pages[pageCount - 1]
    }

    /// Chain hash of the tokens before a page.
    private func name(before page: Int) -> Hash128 { page == 0 ? PrefixHash.empty : names[page - 1] }

    private static func pages(for tokens: Int) -> Int {
        (tokens + PagePool.pageTokens - 1) / PagePool.pageTokens
    }
}
