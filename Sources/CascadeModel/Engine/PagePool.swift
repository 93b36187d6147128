internal import CCascadeKernels
internal import CascadeCore

/// The KV cache's memory: pages of 64 tokens for all sequences of an engine.
///
/// A page holds, layer by layer and key/value head by key/value head, 64 keys and then 64 values of a head as binary16
/// (layout: `csk_kernels.store_keys`). Keys and values depend on the tokens up to theirs alone, so a full page is named
/// by the chain hash of the tokens up to its last, and every sequence that begins with them may hold it.
///
/// | state | holders | name | written to |
/// |---|---|---|---|
/// | free | 0 | no | no |
/// | private | 1 | no | by its holder |
/// | named | 1 or more | yes | never |
/// | cached | 0 | yes | never; taken for other tokens when nothing is free, least recently released first |
///
/// Not `Sendable`: belongs to its engine's thread.
final class PagePool {
    /// Tokens of a page.
    static let pageTokens = Int(CSK_PAGE_TOKENS)

    private struct Page {
        /// Sequences that hold it.
        var holders: Int32 = 0
        /// Chain hash of all tokens up to its last; nil while it is not full and computed.
        var name: Hash128?
        /// Among the cached pages, the ones released just before and after it.
        var older: Int32?
        var newer: Int32?
    }

    /// Pages in all.
    let count: Int
    /// Bytes of one head's keys and values in a page.
    let headByteCount: Int
    /// Pages that no sequence holds but whose tokens may come again.
    private(set) var cachedCount = 0
    private let pageByteCount: Int
    private let memory: MappedMemory
    private var pages: [Page]
    /// The tokens of named pages. [count x 64]
    private var tokens: [Token]
    private var named: [Hash128: Int32] = [:]
    /// Free pages; the last one is handed out next.
    private var free: [Int32]
    /// Ends of the list of cached pages.
    private var oldest: Int32?
    private var newest: Int32?

    init(tokens limit: Int, configuration: ModelConfiguration) throws(ModelError) {
        count = PagePool.count(tokens: limit)
        headByteCount = 2 * PagePool.pageTokens * configuration.headSize * MemoryLayout<UInt16>.stride
        pageByteCount = PagePool.pageTokens * configuration.cacheBytesPerToken
        let (bytes, overflow) = pageByteCount.multipliedReportingOverflow(by: count)
        guard !overflow, count <= Int32.max else { throw .outOfMemory(bytes: .max, purpose: "the KV cache") }
        memory = try MappedMemory(byteCount: bytes, purpose: "the KV cache")
        pages = Array(repeating: Page(), count: count)
        tokens = Array(repeating: 0, count: count * PagePool.pageTokens)
        free = (0..<Int32(count)).reversed()
    }

    /// Pages that hold so many tokens.
    static func count(tokens: Int) -> Int { (tokens + pageTokens - 1) / pageTokens }

    /// Bytes of a page and of what the pool notes about it, once it has been used.
    static func residentByteCount(_ configuration: ModelConfiguration) -> Int {
        // The page, its state, its tokens and its place among the free ones; names take as much again as a state.
        let books = 2 * MemoryLayout<Page>.stride + pageTokens * MemoryLayout<Token>.stride + MemoryLayout<Int32>.stride
        return pageTokens * configuration.cacheBytesPerToken + books
    }

    /// Pages that no sequence holds, cached ones among them.
    var freeCount: Int { free.count + cachedCount }

    // MARK: Holding pages

    /// A private page: a free one, else the cached page that was released first; nil when sequences hold them all.
    func take() -> UnsafeRawPointer? {
        guard let index = free.popLast() ?? oldest else { return nil }
        if pages[Int(index)].name != nil {
            removeFromList(index)
            removeName(index)
        }
        pages[Int(index)].holders = 1
        return address(index)
    }

    /// Ends one holding. A named page that nobody holds any more is cached, another one is free.
    func release(_ page: UnsafeRawPointer) {
        let index = index(page)
        pages[Int(index)].holders -= 1
        guard pages[Int(index)].holders == 0 else { return }
        if pages[Int(index)].name == nil { free.append(index) } else { appendToList(index) }
    }

    /// Begins a holding of the page that holds the 64 tokens under that name; nil when there is none.
    func find(_ name: Hash128, _ wanted: ArraySlice<Token>) -> UnsafeRawPointer? {
        guard let index = named[name] else { return nil }
        let start = Int(index) * PagePool.pageTokens
        guard tokens[start..<start + PagePool.pageTokens] == wanted else { return nil }
        if pages[Int(index)].holders == 0 { removeFromList(index) }
        pages[Int(index)].holders += 1
        return address(index)
    }

    /// Names a private page whose 64 tokens are computed; from now on it is not written to. Where another page has them
    /// already, the caller holds that one instead.
    func name(_ page: UnsafeRawPointer, _ name: Hash128, _ computed: ArraySlice<Token>) -> UnsafeRawPointer {
        if let twin = find(name, computed) {
            release(page)
            return twin
        }
        // Other tokens under this name: the page stays private.
        guard named[name] == nil else { return page }
        let index = index(page)
        named[name] = index
        pages[Int(index)].name = name
        let start = Int(index) * PagePool.pageTokens
        tokens.replaceSubrange(start..<start + PagePool.pageTokens, with: computed)
        return page
    }

    /// Whether several sequences hold the page.
    func isShared(_ page: UnsafeRawPointer) -> Bool { pages[Int(index(page))].holders > 1 }

    /// Makes a page that the caller holds private, so that it may be written to: it loses its name, or is copied where
    /// others hold it too. Nil when there is no page for the copy.
    func makePrivate(_ page: UnsafeRawPointer) -> UnsafeRawPointer? {
        let index = index(page)
        guard pages[Int(index)].name != nil else { return page }
        guard pages[Int(index)].holders > 1 else {
            removeName(index)
            return page
        }
        guard let copy = take() else { return nil }
        UnsafeMutableRawPointer(mutating: copy).copyMemory(from: page, byteCount: pageByteCount)
        release(page)
        return copy
    }

    private func address(_ index: Int32) -> UnsafeRawPointer {
        UnsafeRawPointer(memory.base + Int(index) * pageByteCount)
    }

    private func index(_ page: UnsafeRawPointer) -> Int32 {
        Int32((page - UnsafeRawPointer(memory.base)) / pageByteCount)
    }

    private func removeName(_ index: Int32) {
        guard let name = pages[Int(index)].name else { return }
        named[name] = nil
        pages[Int(index)].name = nil
    }

    // MARK: The list of cached pages

    private func appendToList(_ index: Int32) {
        pages[Int(index)].older = newest
        if let newest { pages[Int(newest)].newer = index } else { oldest = index }
        newest = index
        cachedCount += 1
    }

    private func removeFromList(_ index: Int32) {
        let (older, newer) = (pages[Int(index)].older, pages[Int(index)].newer)
        if let older { pages[Int(older)].newer = newer } else { oldest = newer }
        if let newer { pages[Int(newer)].older = older } else { newest = older }
        pages[Int(index)].older = nil
        pages[Int(index)].newer = nil
        cachedCount -= 1
    }
}
