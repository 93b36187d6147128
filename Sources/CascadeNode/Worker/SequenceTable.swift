internal import CascadeCore
internal import CascadeModel
internal import OrderedCollections

/// What a node remembers of its sequences: caches and specs, all of it a hint that can be rebuilt. Confined to the
/// engine thread.
struct SequenceTable {
    /// One sequence as this node knows it.
    struct Entry {
        var cache: SequenceCache
        var spec: SequenceSpec
        /// The longest prefix whose chained hash is known, so that a long sequence is not hashed anew every round.
        var hashedLength = 0
        var hash = PrefixHash.empty
    }

    /// What a request stands on here.
    enum Resolution {
        /// Feed these committed tokens (at least the last one) behind the entry's cache.
        case ready(spec: SequenceSpec, cache: SequenceCache, feed: [Token])
        /// Ask the coordinator for more.
        case missing(length: Int, needsSpec: Bool)
    }

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
        guard entry.spec.id == specID else { return .missing(length: entry.cache.length, needsSpec: true) }
        let start = Int(prefix.baseLength) - prefix.tail.count
        guard entry.cache.length >= start else { return .missing(length: entry.cache.length, needsSpec: false) }
        guard hash(of: &entry, length: start) == prefix.hash else { return .missing(length: 0, needsSpec: false) }
        let cached = entry.cache.tokens
        var keep = start
        while keep < cached.count, keep - start < prefix.tail.count, cached[keep] == prefix.tail[keep - start] {
            keep += 1
        }
        // The last committed token is always fed: its row is what the request is about.
        keep = min(keep, Int(prefix.baseLength) - 1)
        let feed = Array(cached[keep..<max(keep, start)]) + prefix.tail[(max(keep, start) - start)...]
        entry.cache.truncate(to: keep)
        if entry.hashedLength > keep {
            entry.hashedLength = 0
            entry.hash = PrefixHash.empty
        }
        return .ready(spec: entry.spec, cache: entry.cache, feed: feed)
    }

    /// Forgets a sequence and returns its pages.
    mutating func release(_ sequence: SequenceID) {
        entries.removeValue(forKey: sequence)?.cache.release()
    }

    /// Most sequences that are remembered beyond those in work.
    private static let maximumIdle = 4_096

    /// Runs a pass. Where the cache is full, sequences that are not in `active` give their pages, least recently used
    /// first; throws when that is not enough.
    mutating func forward(_ segments: [Segment], active: Set<SequenceID>) throws(ModelError) {
        while entries.count - active.count > Self.maximumIdle,
            let oldest = entries.keys.first(where: { !active.contains($0) })
        {
            release(oldest)
        }
        do {
            try engine.forward(segments)
        } catch .cacheFull(let pagesNeeded, _) {
            for sequence in entries.keys where engine.pagesFree < pagesNeeded && !active.contains(sequence) {
                entries[sequence]?.cache.release()
                entries[sequence]?.hashedLength = 0
                entries[sequence]?.hash = PrefixHash.empty
            }
            try engine.forward(segments)
        }
    }

    private func hash(of entry: inout Entry, length: Int) -> Hash128 {
        if entry.hashedLength > length {
            entry.hashedLength = 0
            entry.hash = PrefixHash.empty
        }
        let fresh = entry.cache.tokens[entry.hashedLength..<length]
        entry.hash = PrefixHash.extend(entry.hash, fresh)
        entry.hashedLength = length
        return entry.hash
    }
}
