import CascadeCore
import OrderedCollections

/// The pools that nodes or begun answers hold, their vocabularies, and what is known of those that are gone.
struct PoolTable: Sendable {
    /// Pools that are remembered although their nodes have gone.
    private static let remembered = 64

    private var pools: OrderedDictionary<String, Pool> = [:]
    /// The vocabularies of known tokenizers; of those that no pool has, the longest unused come first.
    private var vocabularies: OrderedDictionary<TokenizerID, Vocabulary> = [:]
    /// Pools that nodes have served, in the order they last came; of many, the first that have gone are forgotten.
    private var served: OrderedSet<String> = []
    /// When the first of them came.
    private(set) var servedSince: Instant?
    /// When the jobs of each pool that has some last got on.
    private var movedAt: OrderedDictionary<String, Instant> = [:]

    var count: Int { pools.count }
    /// In the order in which they were founded.
    var names: OrderedSet<String> { pools.keys }
    /// In the order in which they were founded.
    var all: some Collection<Pool> { pools.values }
    /// Vocabularies that are kept.
    var vocabularyCount: Int { vocabularies.count }

    /// A pool; nil where neither nodes nor begun answers hold it.
    subscript(name: String) -> Pool? { pools[name] }

    // MARK: Coming and going

    /// A pool's first node, or the first answer that was begun with it, has come.
    mutating func found(_ pool: Pool) { pools[pool.name] = pool }

    /// Its experts agree on a model from now on; nil: the next one may bring any.
    mutating func setExpertModel(_ model: ExpertModel?, of name: String) { pools[name]?.expertModel = model }

    /// Nothing holds a pool any more.
    mutating func remove(_ name: String) { pools.removeValue(forKey: name) }

    /// A node has joined a pool.
    mutating func noteService(of name: String, at now: Instant) {
        if served.isEmpty { servedSince = now }
        served.remove(name)
        served.append(name)
        // One that is there is not forgotten, however many come and go.
        if served.count > Self.remembered, let gone = served.first(where: { pools[$0] == nil }) { served.remove(gone) }
    }

    /// Whether a pool has nodes, had some, or has an answer that was begun: its jobs wait for nodes, however long that
    /// takes.
    func isKnown(_ name: String) -> Bool { pools[name] != nil || served.contains(name) }

    /// A round of one of its jobs was judged.
    mutating func record(_ round: JudgedRound, emitted: Int, inPool name: String) {
        pools[name]?.acceptance.record(round, emitted: emitted)
    }

    // MARK: Tokenizers

    /// What a pool's tokens stand for; nil while its tokenizer is unknown.
    func vocabulary(of name: String) -> Vocabulary? { pools[name]?.tokenizer.flatMap { vocabularies[$0] } }

    /// Whether a tokenizer's vocabulary is known.
    func knows(_ tokenizer: TokenizerID) -> Bool { vocabularies[tokenizer] != nil }

    /// A pool's tokenizer is expected of a node, until `deadline`; of nobody where that is nil.
    mutating func expectTokenizer(from source: NodeHandle?, until deadline: Instant, of name: String) {
        pools[name]?.tokenizerSource = source
        pools[name]?.tokenizerDeadline = deadline
    }

    /// Whoever ships a pool's tokenizer gets more time.
    mutating func extendTokenizerDeadline(to deadline: Instant, of name: String) {
        pools[name]?.tokenizerDeadline = deadline
    }

    /// A tokenizer's vocabulary is known now: none of its pools waits for it any more.
    mutating func learn(_ vocabulary: Vocabulary, of tokenizer: TokenizerID) {
        vocabularies[tokenizer] = vocabulary
        for name in pools.keys where pools[name]?.tokenizer == tokenizer { pools[name]?.tokenizerSource = nil }
    }

    /// A pool has let go of its tokenizer, if it had one. It stays for a while, if others have it or it may come back;
    /// of those that no pool has, the longest unused go, and are returned.
    mutating func release(_ tokenizer: TokenizerID?, keeping most: Int) -> [TokenizerID] {
        if let tokenizer, let vocabulary = vocabularies.removeValue(forKey: tokenizer) {
            vocabularies[tokenizer] = vocabulary
        }
        let used = Set(pools.values.compactMap(\.tokenizer))
        let gone = vocabularies.keys.filter { !used.contains($0) }.dropLast(most)
        for tokenizer in gone { vocabularies[tokenizer] = nil }
        return Array(gone)
    }

    // MARK: Progress

    /// When the pending jobs of a pool last got on; nil where it has none.
    func lastProgress(of name: String) -> Instant? { movedAt[name] }

    /// A pool has a job that is pending: the clock runs from the first of them.
    mutating func noteJob(of name: String, at now: Instant) {
        if movedAt[name] == nil { movedAt[name] = now }
    }

    /// A pool's jobs have got on: a round was committed, a node has ended a pass or an expert is ready.
    mutating func noteProgress(of name: String, at now: Instant) {
        if movedAt[name] != nil { movedAt[name] = now }
    }

    /// Nobody's time has run while the coordinator stood still.
    mutating func noteStandstill(until now: Instant, tokenizerDeadline: Instant) {
        for name in pools.keys { pools[name]?.tokenizerDeadline = tokenizerDeadline }
        for name in movedAt.keys { movedAt[name] = now }
    }

    /// Only these pools have pending jobs.
    mutating func forgetProgress(except pending: Set<String>) {
        for name in movedAt.keys where !pending.contains(name) { movedAt.removeValue(forKey: name) }
    }

    /// Pools whose pending jobs say how the cluster is doing: those that nodes have served, or all of them as long as
    /// there is none.
    var judged: [String] { served.isEmpty ? Array(movedAt.keys) : movedAt.keys.filter(served.contains) }

    // MARK: Invariants

    /// What is wrong with its state; nil as long as it keeps its promises.
    var brokenInvariant: String? {
        for pool in pools.values {
            guard let tokenizer = pool.tokenizer else {
                if pool.tokenizerSource != nil { return "pool \(pool.name) without experts waits for a tokenizer" }
                continue
            }
            if vocabularies[tokenizer] != nil, pool.tokenizerSource != nil {
                return "pool \(pool.name) waits for a tokenizer that is known"
            }
        }
        if served.isEmpty != (servedSince == nil) { return "it is not known since when there are pools" }
        return nil
    }
}
