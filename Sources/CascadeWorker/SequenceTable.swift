internal import CascadeCore
internal import OrderedCollections

/// What a node remembers of its sequences: caches and specs, all of it a hint that can be rebuilt.
struct SequenceTable: Sendable {
    /// One sequence as this node knows it.
    private struct Entry {
        var cache: CacheID
        var spec: SequenceSpec
        /// The tokens of the pages that it gave when the cache was full: those that nobody took can be had back.
        var given: [Token] = []

        /// Gives its pages to whoever needs them.
        mutating func give(_ model: inout some LanguageModel) {
            let tokens = model.tokens(in: cache)
            guard !tokens.isEmpty else { return }
            given = Array(tokens.prefix(tokens.count / model.pageTokens * model.pageTokens))
            model.truncate(cache, to: 0)
        }

        /// Takes back what is left of the pages that it gave. Returns the number of tokens.
        mutating func takeBack(_ model: inout some LanguageModel) -> Int {
            guard !given.isEmpty else { return 0 }
            defer { given = [] }
            return model.adopt(given[...], into: cache)
        }
    }

    /// What a request stands on here.
    enum Resolution {
        /// Feed these committed tokens (at least the last one) behind the entry's cache.
        case ready(spec: SequenceSpec, cache: CacheID, feed: ArraySlice<Token>)
        /// Ask the coordinator for more.
        case missing(length: Int, needsSpec: Bool)
    }

    /// Most sequences that are remembered.
    private static let maximumSequences = 4_096

    /// Tokens whose keys and values were not computed again because a page held them.
    private(set) var hitTokens: UInt64 = 0
    /// Whether prefixes are compared by their hashes, as decisions.md 9 asks; only tests of tests say no.
    private let comparesHashes: Bool
    /// In order of use, oldest first.
    private var entries: OrderedDictionary<SequenceID, Entry> = [:]

    /// Sequences that are remembered.
    var count: Int { entries.count }

    init(comparesHashes: Bool = true) {
        self.comparesHashes = comparesHashes
    }

    /// Finds or makes the sequence's cache and cuts it to what the request stands on (decisions.md 9): the length alone
    /// says nothing, the hash of the prefix does.
    mutating func resolve(_ request: WorkRequest, in model: inout some LanguageModel) -> Resolution {
        let (sequence, prefix) = (request.fence.sequence, request.prefix)
        var entry: Entry
        if let known = entries.removeValue(forKey: sequence) {
            entry = known
            if let spec = request.spec { entry.spec = spec }
        } else if let spec = request.spec {
            entry = Entry(cache: model.openCache(), spec: spec)
        } else {
            return .missing(length: 0, needsSpec: true)
        }
        defer { entries[sequence] = entry }
        hitTokens += UInt64(entry.takeBack(&model))
        let held = model.tokens(in: entry.cache)
        guard entry.spec.id == request.specID else { return .missing(length: held.count, needsSpec: true) }
        let start = Int(prefix.baseLength) - prefix.tail.count
        guard 0...held.count ~= start else { return .missing(length: held.count, needsSpec: false) }
        guard !comparesHashes || model.hash(ofFirst: start, in: entry.cache) == prefix.hash else {
            return .missing(length: 0, needsSpec: false)
        }
        let agreed = zip(held[start...], prefix.tail).lazy.prefix { $0 == $1 }
        // The last committed token is always fed: its row is what the request is about.
        let keep = max(0, min(start + agreed.reduce(0) { count, _ in count + 1 }, Int(prefix.baseLength) - 1))
        let feed = held[keep..<max(keep, start)] + prefix.tail[max(0, keep - start)...]
        model.truncate(entry.cache, to: keep)
        return .ready(spec: entry.spec, cache: entry.cache, feed: feed)
    }

    /// Takes what other sequences have computed of the tokens to be fed behind a cache, but leaves the last `outputs`
    /// of them, whose rows are asked for. To be called again before each part that is fed: another sequence with the
    /// same prompt may be at work.
    mutating func reuse(
        _ cache: CacheID,
        _ feed: inout ArraySlice<Token>,
        leaving outputs: Int,
        in model: inout some LanguageModel
    ) {
        let adopted = model.adopt(feed, into: cache)
        guard adopted > 0 else { return }
        let kept = max(0, min(adopted, feed.count - outputs))
        if kept < adopted { model.truncate(cache, to: model.tokens(in: cache).count - (adopted - kept)) }
        feed.removeFirst(kept)
        hitTokens += UInt64(kept)
    }

    /// Forgets a sequence and returns its pages.
    mutating func release(_ sequence: SequenceID, in model: inout some LanguageModel) {
        if let entry = entries.removeValue(forKey: sequence) { model.closeCache(entry.cache) }
    }

    /// Forgets all sequences.
    mutating func releaseAll(in model: inout some LanguageModel) {
        for sequence in Array(entries.keys) { release(sequence, in: &model) }
    }

    /// Runs a pass. Where the cache is full, sequences that are not active give their pages, least recently used first;
    /// throws when that is not enough.
    mutating func forward<Model: LanguageModel>(
        _ batch: [BatchEntry],
        in model: inout Model,
        isActive: (SequenceID) -> Bool
    ) throws(ForwardError) -> Double {
        while entries.count > Self.maximumSequences, let oldest = entries.keys.first(where: { !isActive($0) }) {
            release(oldest, in: &model)
        }
        do {
            return try model.forward(batch)
        } catch .cacheFull(let pagesNeeded) {
            for index in entries.values.indices where model.freePages < pagesNeeded && !isActive(entries.keys[index]) {
                entries.values[index].give(&model)
            }
            forgetGivenTokens(beyond: model.pageCount * model.pageTokens)
            return try model.forward(batch)
        }
    }

    /// Of the tokens of given pages, no more are remembered than the cache can hold: the others' pages are gone.
    private mutating func forgetGivenTokens(beyond most: Int) {
        var count = 0
        for index in entries.values.indices.reversed() {
            count += entries.values[index].given.count
            if count > most { entries.values[index].given = [] }
        }
    }
}
