import CascadeCore

/// A sequence whose rounds run: the truth about its tokens, and what nodes were told of them.
struct ActiveSequence: Sendable {
    @Boxed var spec: SequenceSpec
    /// What its tokens stand for.
    @Boxed var vocabulary: Vocabulary
    /// Prompt, then committed tokens.
    private(set) var tokens: [Token]
    /// Hash of all of them.
    private(set) var hash: Hash128
    /// Where each committed token came from.
    private(set) var origins: [Origin] = []
    /// Most tokens of the answer, cut to what the context holds.
    let maxTokens: Int
    /// Text that was released.
    var text: [UInt8] = []
    /// Text that is held back.
    var release: TextRelease
    /// How each committed token came to be; empty where the job did not ask.
    var explanations: [Explanation] = []
    var counts = SpeculationCounts()
    /// Where its last tokens stood before; nil where lookup may not draft.
    private(set) var lookup: LookupIndex?
    /// How its drafts fare.
    var acceptance = DraftAcceptance()

    /// Of a sequential baseline: whether the next token is the expert's.
    var isExpertsTurn = false
    /// Of `sequential-chow`: whether the answer is held back until its confidence is known.
    var isProvisional: Bool
    /// How sure the drafter was so far, under a sequential baseline.
    var confidence = Confidence()

    /// Counts rounds from 1.
    var round: UInt32 = 0
    var phase = RoundPhase.idle
    /// Where its cache is, once it had a round there.
    var drafter: NodeHandle?
    /// Where its cache is; its room there is reserved.
    var expert: NodeHandle?
    /// What nodes hold of it.
    private(set) var holdings: [Holding] = []

    /// Names of the nodes that died since the last commit while they worked on it, one that died again too.
    var deaths: [String] = []
    /// Failed or expired verifications since the last commit.
    var failures = 0
    /// Attempts to verify its present round that came to nothing.
    var attempts: Int { failures + deaths.count }
    /// Names of the nodes that have failed it, the last one last: others are asked as long as there are some.
    private(set) var avoided: [String] = []
    /// Not before then is its next verification tried.
    var notBefore = Instant(nanoseconds: 0)
    /// When the round that is being verified was first sent to an expert.
    var verifyingSince: Instant?
    /// Failed drafts in a row.
    var draftFailures = 0
    /// Not before then is a drafter asked again.
    var draftNotBefore = Instant(nanoseconds: 0)

    init(spec: SequenceSpec, vocabulary: Vocabulary, prompt: [Token], maxTokens: Int, stop: [[UInt8]], looksUp: Bool) {
        _spec = Boxed(wrappedValue: spec)
        _vocabulary = Boxed(wrappedValue: vocabulary)
        tokens = prompt
        hash = PrefixHash.extend(PrefixHash.empty, prompt)
        self.maxTokens = maxTokens
        release = TextRelease(stop: stop)
        lookup = looksUp ? LookupIndex(prompt) : nil
        isProvisional = spec.rule.rule == .sequentialChow
    }

    /// Committed tokens, prompt included.
    var base: Int { tokens.count }
    /// Committed tokens of the answer.
    var answer: ArraySlice<Token> { tokens[spec.promptLength...] }
    /// Tokens that a cache may come to hold.
    var reservation: Int { spec.promptLength + maxTokens }
    /// Tokens that the answer may still get.
    var remaining: Int { maxTokens - answer.count }

    /// Goes back to the prompt, for the expert to answer. What was drafted counts as discarded.
    mutating func restart(stop: [[UInt8]]) {
        tokens.removeSubrange(spec.promptLength...)
        hash = PrefixHash.extend(PrefixHash.empty, tokens)
        origins = []
        explanations = []
        text = []
        release = TextRelease(stop: stop)
        counts.discardKept()
        isProvisional = false
        isExpertsTurn = true
        drafter = nil
    }

    /// Goes on where an earlier coordinator was. To be called before the first round.
    mutating func resume(_ answer: JournaledAnswer) {
        append(answer.tokens[...], origins: answer.origins[...])
        explanations = answer.explanations
        counts = answer.counts
        round = answer.round
        isExpertsTurn = answer.isExpertsTurn
        isProvisional = false
        for token in answer.tokens { text += release.append(vocabulary.bytes(of: token)) }
    }

    /// A node has failed the sequence.
    mutating func avoid(_ name: String) {
        avoided.removeAll { $0 == name }
        avoided.append(name)
        // More is only known of those who draw a new name each time.
        if avoided.count > 16 { avoided.removeFirst() }
    }

    /// Takes the next committed tokens.
    mutating func append(_ committed: ArraySlice<Token>, origins: ArraySlice<Origin>) {
        hash = PrefixHash.extend(hash, committed)
        tokens.append(contentsOf: committed)
        lookup?.append(committed)
        self.origins.append(contentsOf: origins)
    }
}

/// Where a sequence's round stands.
enum RoundPhase: Sendable {
    /// The next round waits to be opened.
    case idle
    /// A drafter works.
    case drafting
    /// The draft, perhaps empty, waits for an expert.
    case drafted(RoundDraft)
    /// The draft has left: it never changes any more.
    case verifying(RoundDraft)
}

/// A round's draft, perhaps empty.
struct RoundDraft: Sendable {
    var source: DraftSource
    var positions: [DraftedPosition]
    /// Whether the drafter was asked for more, but was not confident enough of what comes next.
    var isStoppedEarly = false
    /// The last request that any node had been sent when it came.
    var lastRequest: UInt64 = 0

    /// No draft: the expert's own token is all that comes.
    static let none = RoundDraft(source: .model, positions: [])
}

/// What a node is known to hold of a sequence: a hint, the node compares hashes.
struct Holding: Sendable {
    let node: NodeHandle
    /// Committed tokens.
    var length: Int
    /// Their hash.
    var hash: Hash128
    /// Whether the spec was sent.
    var hasSpec: Bool
}

extension ActiveSequence {
    /// What `node` holds; nothing where it was never asked.
    func holding(of node: NodeHandle) -> Holding {
        holdings.first { $0.node == node } ?? Holding(node: node, length: 0, hash: PrefixHash.empty, hasSpec: false)
    }

    /// Remembers what a node holds.
    mutating func setHolding(_ holding: Holding) {
        if let index = holdings.firstIndex(where: { $0.node == holding.node }) {
            holdings[index] = holding
        } else {
            holdings.append(holding)
        }
    }

    /// Where its cache is, and how many tokens that may come to hold.
    var placement: Placement { Placement(drafter: drafter, expert: expert, reservation: reservation) }

    /// What a running sequence takes, and where.
    struct Placement: Sendable {
        var drafter: NodeHandle?
        var expert: NodeHandle?
        var reservation: Int
    }

    /// Forgets what a node held; true when it held something.
    mutating func removeHolding(of node: NodeHandle) -> Bool {
        guard let index = holdings.firstIndex(where: { $0.node == node }) else { return false }
        holdings.remove(at: index)
        return true
    }

    /// How a request to a node that holds `holding` names the sequence's tokens. At least the last token is in the
    /// tail: its row is what the request is about.
    func prefix(behind holding: Holding) -> Prefix {
        precondition(holding.length < base, "a node cannot hold more than it was sent")
        return Prefix(baseLength: UInt32(base), hash: holding.hash, tail: Array(tokens[holding.length...]))
    }

    /// Hash of the first `length` tokens.
    func hash(ofFirst length: Int) -> Hash128 {
        PrefixHash.extend(PrefixHash.empty, tokens[..<length])
    }
}
