internal import CascadeCore
internal import CascadeModel
internal import OrderedCollections

/// What a node remembers of its sequences: caches and specs, all of it a hint that can be rebuilt. Confined to the
/// engine thread.
struct SequenceTable {
    /// One sequence as this node knows it.
    private struct Entry {
        var cache: SequenceCache
        var spec: SequenceSpec
        /// The tokens of the pages that it gave when the cache was full: those that nobody took can be had back.
        var given: [Token] = []

        /// Gives its pages to whoever needs them.
        mutating func give() {
            guard cache.length > 0 else { return }
            given = Array(cache.tokens.prefix(cache.length / Engine.pageTokens * Engine.pageTokens))
            cache.release()
        }

        /// Takes back what is left of the pages that it gave. Returns the number of tokens.
        mutating func takeBack() -> Int {
            defer { given = [] }
            return cache.adopt(given[...])
        }
    }

    /// What a request stands on here.
    enum Resolution {
        /// Feed these committed tokens (at least the last one) behind the entry's cache.
        case ready(spec: SequenceSpec, cache: SequenceCache, feed: ArraySlice<Token>)
        /// Ask the coordinator for more.
        case missing(length: Int, needsSpec: Bool)
    }

    /// Tokens whose keys and values were not computed again because a page held them.
    private(set) var hitTokens: UInt64 = 0
    private let engine: Engine
    /// In order of use, oldest first.
    private var entries: OrderedDictionary<SequenceID, Entry> = [:]

    init(engine: Engine) {
        self.engine = engine
    }

    /// Finds or makes the sequence's cache and cuts it to what the request stands on (decisions.md 9): the length alone
    /// says nothing, the hash of the prefix does.
    mutating func resolve(_ sequence: SequenceID, specID: UInt64, spec: SequenceSpec?, prefix: Prefix) -> Resolution {
        var entry: Entry
        if let known = entries.removeValue(forKey: sequence) {
            entry = known
            if let spec { entry.spec = spec }
        } else if let spec {
            entry = Entry(cache: engine.makeCache(), spec: spec)
        } else {
            return .missing(length: 0, needsSpec: true)
        }
        defer { entries[sequence] = entry }
        hitTokens += UInt64(entry.takeBack())
        let cache = entry.cache
        guard entry.spec.id == specID else { return .missing(length: cache.length, needsSpec: true) }
        let start = Int(prefix.baseLength) - prefix.tail.count
        guard cache.length >= start else { return .missing(length: cache.length, needsSpec: false) }
        guard cache.hash(ofFirst: start) == prefix.hash else { return .missing(length: 0, needsSpec: false) }
        let agreed = zip(cache.tokens[start...], prefix.tail).lazy.prefix { $0 == $1 }
        // The last committed token is always fed: its row is what the request is about.
        let keep = max(0, min(start + agreed.reduce(0) { count, _ in count + 1 }, Int(prefix.baseLength) - 1))
        let feed = cache.tokens[keep..<max(keep, start)] + prefix.tail[max(0, keep - start)...]
        cache.truncate(to: keep)
        return .ready(spec: entry.spec, cache: cache, feed: feed)
    }

    /// Takes what other sequences have computed of the tokens to be fed behind a cache, but leaves the last `wanted` of
    /// them, whose rows are asked for. To be called again before each part that is fed: another sequence with the same
    /// prompt may be at work.
    mutating func reuse(_ cache: SequenceCache, _ feed: inout ArraySlice<Token>, leaving wanted: Int) {
        let before = cache.length
        guard cache.adopt(feed) > 0 else { return }
        cache.truncate(to: max(before, before + feed.count - wanted))
        feed.removeFirst(cache.length - before)
        hitTokens += UInt64(cache.length - before)
    }

    /// Forgets a sequence and returns its pages.
    mutating func release(_ sequence: SequenceID) {
        entries.removeValue(forKey: sequence)?.cache.release()
    }

    /// Most sequences that are remembered.
    private static let maximumSequences = 4_096

    /// Runs a pass. Where the cache is full, sequences that are not active give their pages, least recently used first;
    /// throws when that is not enough.
    mutating func forward(_ segments: [Segment], isActive: (SequenceID) -> Bool) throws(ModelError) {
        while entries.count > Self.maximumSequences, let oldest = entries.keys.first(where: { !isActive($0) }) {
            release(oldest)
        }
        do {
            try engine.forward(segments)
        } catch .cacheFull(let pagesNeeded, _) {
            for index in entries.values.indices where engine.pagesFree < pagesNeeded && !isActive(entries.keys[index]) {
                entries.values[index].give()
            }
            forgetGivenTokens()
            try engine.forward(segments)
        }
    }

    /// Of the tokens of given pages, no more are remembered than the cache can hold: the others' pages are gone.
    private mutating func forgetGivenTokens() {
        var count = 0
        for index in entries.values.indices.reversed() {
            count += entries.values[index].given.count
            if count > engine.pageCount * Engine.pageTokens { entries.values[index].given = [] }
        }
    }
}
