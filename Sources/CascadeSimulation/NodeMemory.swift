import CascadeCore

/// What a simulated node holds: token ids beside caches, named by hashes, as real nodes must (decisions.md 9).
struct NodeMemory: Sendable {
    /// One sequence's tokens, and the hash of each beginning: `hashes[n]` is that of the first n tokens.
    struct Cache: Sendable {
        let sequence: SequenceID
        var tokens: [Token] = []
        var hashes = [PrefixHash.empty]

        mutating func append(_ new: some Collection<Token>) {
            for token in new {
                tokens.append(token)
                hashes.append(PrefixHash.extend(hashes[hashes.count - 1], [token]))
            }
        }

        mutating func cut(to length: Int) {
            tokens.removeSubrange(length...)
            hashes.removeSubrange((length + 1)...)
        }
    }

    /// What a request finds.
    enum Finding {
        case found(Cache, SequenceSpec)
        case missing(length: Int, needsSpec: Bool)
    }

    /// Most tokens of all caches; the least recently used go first.
    let capacity: Int
    let checksHashes: Bool
    /// Least recently used first.
    private(set) var caches: [Cache] = []
    private var specs: [UInt64: SequenceSpec] = [:]

    init(capacity: Int, checksHashes: Bool) {
        self.capacity = capacity
        self.checksHashes = checksHashes
    }

    /// Prepares a request's prefix: keeps what agrees, appends the tail.
    mutating func take(_ prefix: Prefix, _ sequence: SequenceID, specID: UInt64, spec: SequenceSpec?) -> Finding {
        if let spec { specs[specID] = spec }
        let known = specs[specID]
        let start = Int(prefix.baseLength) - prefix.tail.count
        var cache = Cache(sequence: sequence)
        if let index = caches.firstIndex(where: { $0.sequence == sequence }) { cache = caches.remove(at: index) }
        guard cache.tokens.count >= start else {
            let length = cache.tokens.count / 4 * 4
            caches.append(cache)
            return .missing(length: length, needsSpec: known == nil)
        }
        if checksHashes, cache.hashes[start] != prefix.hash {
            return .missing(length: 0, needsSpec: known == nil)
        }
        cache.cut(to: start)
        guard let known else {
            caches.append(cache)
            return .missing(length: start, needsSpec: true)
        }
        cache.append(prefix.tail)
        return .found(cache, known)
    }

    /// Keeps a cache as the most recently used one.
    mutating func keep(_ cache: Cache) {
        caches.append(cache)
        var total = caches.reduce(0) { $0 + $1.tokens.count }
        while total > capacity, caches.count > 1 { total -= caches.removeFirst().tokens.count }
    }

    mutating func release(_ sequence: SequenceID, specID: UInt64) {
        caches.removeAll { $0.sequence == sequence }
        specs[specID] = nil
    }

    mutating func forgetCaches() { caches = [] }
    mutating func forgetSpecs() { specs = [:] }
}
