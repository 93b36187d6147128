internal import CascadeCore
internal import OrderedCollections

/// What a synthetic node remembers of its sequences: their tokens and specs, in the place of caches.
struct SyntheticTable {
    private struct Entry {
        var tokens: [Token] = []
        /// Hash of each prefix of the tokens, the empty one included.
        var hashes = [PrefixHash.empty]
        var spec: SequenceSpec

        mutating func truncate(to length: Int) {
            tokens.removeLast(max(0, tokens.count - length))
            hashes.removeLast(max(0, hashes.count - 1 - length))
        }

        mutating func append(_ token: Token) {
            tokens.append(token)
            hashes.append(PrefixHash.extend(hashes[hashes.count - 1], [token]))
        }
    }

    /// What a request stands on here.
    enum Resolution {
        /// So many committed tokens have to be fed, at least the last one; `hash` is that of all of them.
        case ready(spec: SequenceSpec, feed: Int, hash: Hash128)
        /// Ask the coordinator for more.
        case missing(length: Int, needsSpec: Bool)
    }

    /// Most sequences that are remembered.
    private static let maximumSequences = 4_096

    /// In order of use, oldest first.
    private var entries: OrderedDictionary<SequenceID, Entry> = [:]
    /// Tokens of all sequences.
    private(set) var tokenCount = 0

    /// Finds or makes the sequence and brings it to what the request stands on, as ``SequenceTable`` does.
    mutating func resolve(_ sequence: SequenceID, specID: UInt64, spec: SequenceSpec?, prefix: Prefix) -> Resolution {
        var entry: Entry
        if let known = entries.removeValue(forKey: sequence) {
            entry = known
            if let spec { entry.spec = spec }
        } else if let spec {
            entry = Entry(spec: spec)
        } else {
            return .missing(length: 0, needsSpec: true)
        }
        tokenCount -= entry.tokens.count
        defer {
            tokenCount += entry.tokens.count
            entries[sequence] = entry
        }
        let length = entry.tokens.count
        guard entry.spec.id == specID else { return .missing(length: length, needsSpec: true) }
        let start = Int(prefix.baseLength) - prefix.tail.count
        guard length >= start else { return .missing(length: length, needsSpec: false) }
        guard entry.hashes[start] == prefix.hash else { return .missing(length: 0, needsSpec: false) }
        var agreed = start
        while agreed < length, agreed - start < prefix.tail.count, entry.tokens[agreed] == prefix.tail[agreed - start] {
            agreed += 1
        }
        entry.truncate(to: agreed)
        for token in prefix.tail[(agreed - start)...] { entry.append(token) }
        // The last committed token is always fed: its row is what the request is about.
        let feed = max(1, Int(prefix.baseLength) - agreed)
        return .ready(spec: entry.spec, feed: feed, hash: entry.hashes[entry.hashes.count - 1])
    }

    /// Drafted tokens were fed behind what the sequence stands on.
    mutating func append(_ tokens: some Collection<Token>, to sequence: SequenceID) {
        guard entries[sequence] != nil else { return }
        for token in tokens { entries[sequence]?.append(token) }
        tokenCount += tokens.count
        while entries.count > Self.maximumSequences, let oldest = entries.keys.first { release(oldest) }
    }

    /// Forgets a sequence.
    mutating func release(_ sequence: SequenceID) {
        tokenCount -= entries.removeValue(forKey: sequence)?.tokens.count ?? 0
    }
}
