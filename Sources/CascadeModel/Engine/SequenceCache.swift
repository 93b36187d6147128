package import CascadeCore

/// What an engine has computed of one sequence: its tokens and their keys and values, in pages of the engine's pool.
///
/// Not `Sendable`: belongs to the thread of the engine that made it. Pages return to the pool when the cache is cut,
/// released or goes away.
package final class SequenceCache {
    /// The tokens fed so far.
    package private(set) var tokens: [Token] = []

    /// Page addresses in order, as the kernels read them; the first ``pageCount`` are valid.
    let pages: UnsafeMutablePointer<UnsafeRawPointer?>
    private(set) var pageCount = 0
    let pool: PagePool
    /// Most pages of one sequence.
    private let capacity: Int

    init(pool: PagePool, limit: Int) {
        self.pool = pool
        capacity = (limit + PagePool.pageTokens - 1) / PagePool.pageTokens
        pages = .allocate(capacity: max(capacity, 1))
        pages.initialize(repeating: nil, count: max(capacity, 1))
    }

    deinit {
        release()
        pages.deallocate()
    }

    /// Number of tokens fed so far.
    package var length: Int { tokens.count }

    /// Forgets all tokens from position `length` on; nothing happens when there are none.
    package func truncate(to length: Int) {
        guard length < tokens.count else { return }
        tokens.removeLast(tokens.count - max(length, 0))
        let needed = SequenceCache.pages(for: tokens.count)
        while pageCount > needed {
            pageCount -= 1
            if let page = pages[pageCount] { pool.giveBack(page) }
        }
    }

    /// Forgets all tokens.
    package func release() { truncate(to: 0) }

    /// Pages that `count` further tokens need beyond those that are there.
    func missingPages(for count: Int) -> Int {
        max(0, SequenceCache.pages(for: tokens.count + count) - pageCount)
    }

    /// Appends tokens and the pages for them; the caller has checked that there are enough.
    func append(_ new: some Collection<Token>) {
        for _ in 0..<missingPages(for: new.count) {
            guard pageCount < capacity, let page = pool.take() else { preconditionFailure("pages were not counted") }
            pages[pageCount] = page
            pageCount += 1
        }
        tokens.append(contentsOf: new)
    }

    private static func pages(for tokens: Int) -> Int {
        (tokens + PagePool.pageTokens - 1) / PagePool.pageTokens
    }
}
