import CascadeCore
import CascadeRules

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
    private(set) var text: [UInt8] = []
    /// Text that is held back.
    private(set) var release: TextRelease
    /// What is told of each committed token; empty where the job did not ask.
    private(set) var explanations: [Explanation] = []
    private(set) var counts = SpeculationCounts()
    /// Where its last tokens stood before; nil where lookup may not draft.
    private(set) var lookup: LookupIndex?
    /// How its drafts fare.
    private(set) var acceptance = DraftAcceptance()

    /// Of a sequential baseline: whether the next token is the expert's.
    private(set) var isExpertsTurn = false
    /// Of `sequential-chow`: whether the answer is held back until its confidence is known.
    private(set) var isProvisional: Bool
    /// How sure the drafter was so far, under a sequential baseline.
    private(set) var confidence = Confidence()

    /// Counts rounds from 1.
    private(set) var round: UInt32 = 0
    private(set) var phase = RoundPhase.idle
    /// Where its cache is, once it had a round there.
    private(set) var drafter: NodeHandle?
    /// Where its cache is; its room there is reserved.
    private(set) var expert: NodeHandle?
    /// What nodes hold of it.
    private(set) var holdings: [Holding] = []

    /// Names of the nodes that died since the last commit while they worked on it, one that died again too.
    private(set) var deaths: [String] = []
    /// Failed or expired verifications since the last commit.
    private(set) var failures = 0
    /// Attempts to verify its present round that came to nothing.
    var attempts: Int { failures + deaths.count }
    /// Names of the nodes that have failed it, the last one last: others are asked as long as there are some.
    private(set) var avoided: [String] = []
    /// Not before then is its next verification tried.
    private(set) var notBefore = Instant(nanoseconds: 0)
    /// When the round that is being verified was first sent to an expert.
    private(set) var verifyingSince: Instant?
    /// Failed drafts in a row.
    private(set) var draftFailures = 0
    /// Not before then is a drafter asked again.
    private(set) var draftNotBefore = Instant(nanoseconds: 0)

    /// A sequence in front of its first round, at the expert that has room for it.
    ///
    /// - Parameters:
    ///   - maxTokens: of the answer.
    ///   - looksUp: whether lookup may draft.
    ///   - acceptance: how its drafts should fare, before any was judged.
    init(
        spec: SequenceSpec,
        vocabulary: Vocabulary,
        prompt: [Token],
        maxTokens: Int,
        stop: [[UInt8]],
        looksUp: Bool,
        expert: NodeHandle,
        acceptance: DraftAcceptance
    ) {
        _spec = Boxed(wrappedValue: spec)
        _vocabulary = Boxed(wrappedValue: vocabulary)
        tokens = prompt
        hash = PrefixHash.extend(PrefixHash.empty, prompt)
        self.maxTokens = maxTokens
        release = TextRelease(stop: stop)
        lookup = looksUp ? LookupIndex(prompt) : nil
        isProvisional = spec.rule.rule == .sequentialChow
        self.expert = expert
        self.acceptance = acceptance
    }

    /// Committed tokens, prompt included.
    var base: Int { tokens.count }
    /// Committed tokens of the answer.
    var answer: ArraySlice<Token> { tokens[spec.promptLength...] }
    /// What it takes of an expert's cache.
    var need: CacheNeed {
        let drafted =
            switch phase {
            case .idle, .drafting: 0
            case .drafted(let draft), .verifying(let draft): draft.positions.count
            }
        return CacheNeed(now: base + drafted, most: spec.promptLength + maxTokens)
    }
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
}

// MARK: Rounds

extension ActiveSequence {
    /// The next round begins: with a request to a drafter, or with a draft.
    mutating func openRound(_ phase: RoundPhase) {
        round += 1
        self.phase = phase
    }

    /// The round's draft has come.
    mutating func take(_ draft: RoundDraft) {
        phase = .drafted(draft)
    }

    /// A drafter answered well, whatever it drafted.
    mutating func noteDraft() {
        draftFailures = 0
    }

    /// The round's draft leaves for an expert, not for the first time where it was tried before.
    mutating func beginVerification(of draft: RoundDraft, at now: Instant) {
        phase = .verifying(draft)
        if attempts == 0 { verifyingSince = now }
    }

    /// The round's draft waits for an expert again; false where there is none.
    mutating func verifyAgain() -> Bool {
        guard case .verifying(let draft) = phase else { return false }
        phase = .drafted(draft)
        return true
    }

    /// The drafter that was asked is no use: the round is given up for a new one, which any drafter may draft.
    mutating func giveUpDraft() {
        drafter = nil
        phase = .idle
    }

    /// No drafter is asked before `instant`.
    mutating func restFromDrafting(until instant: Instant) {
        draftFailures += 1
        draftNotBefore = instant
    }

    // MARK: What goes wrong

    /// An attempt to verify the round came to nothing.
    mutating func noteFailure() { failures += 1 }

    /// A node died while it worked on the round.
    mutating func noteDeath(of name: String) { deaths.append(name) }

    /// The next verification is not tried before `instant`.
    mutating func delayVerification(until instant: Instant) { notBefore = instant }

    /// A node has failed the sequence.
    mutating func avoid(_ name: String) {
        avoided.removeAll { $0 == name }
        avoided.append(name)
        // More is only known of those who draw a new name each time.
        if avoided.count > 16 { avoided.removeFirst() }
    }

    // MARK: Where it is

    /// Its cache is at this expert from now on; nil gives its place up.
    mutating func move(toExpert expert: NodeHandle?) { self.expert = expert }

    /// Its cache is at this drafter from now on.
    mutating func move(toDrafter drafter: NodeHandle) { self.drafter = drafter }

    /// A node is gone, and what it held of the sequence.
    mutating func forget(_ node: NodeHandle) {
        _ = removeHolding(of: node)
        if drafter == node { drafter = nil }
        if expert == node { expert = nil }
    }
}

// MARK: Sequential baselines

extension ActiveSequence {
    /// A drafter's tokens are to be committed unjudged.
    mutating func noteUnjudged(_ draft: RoundDraft) {
        confidence.add(draft.positions.map(\.gate.maximum))
        isExpertsTurn = draft.isStoppedEarly
    }

    /// The answer that was held back stands.
    mutating func confirm() { isProvisional = false }
}

// MARK: Commit

extension ActiveSequence {
    /// Takes the next committed tokens.
    mutating func append(_ committed: ArraySlice<Token>, origins: ArraySlice<Origin>) {
        hash = PrefixHash.extend(hash, committed)
        tokens.append(contentsOf: committed)
        lookup?.append(committed)
        self.origins.append(contentsOf: origins)
    }

    /// The text that is still held back is part of the answer, as nothing comes behind it.
    mutating func finishText() { text += release.finish() }

    /// Takes what stands of a round, up to the first token that ends the answer, and is ready for the next one.
    ///
    /// - Parameters:
    ///   - mostBytes: of the answer's text.
    ///   - draws: the round's random numbers, where it is to be explained.
    mutating func commit(
        _ round: JudgedRound,
        mostBytes: Int,
        explainedBy draws: (any DrawSource)?,
        at now: Instant
    ) -> CommittedRound {
        let (base, baseHash) = (base, hash)
        let (emitted, reason) = emit(round.outcome.tokens, mostBytes: mostBytes)
        if let draws {
            explanations += (0..<emitted).map { explain($0, of: round, draws) }
        }
        append(round.outcome.tokens[..<emitted], origins: round.outcome.origins[..<emitted])
        let isJudged = round.winner != nil
        let added = SpeculationCounts(round.outcome, draft: round.draft, emitted: emitted, isJudged: isJudged)
        counts.add(added)
        if isJudged {
            acceptance.record(round, emitted: emitted)
            // Under a sequential baseline the drafter goes on behind the expert's token.
            if isExpertsTurn, spec.rule.rule == .tokenCascade { isExpertsTurn = false }
        }
        rememberHoldings(round, emitted: emitted, behind: base, baseHash)
        beginNextRound(at: now)
        return CommittedRound(emitted: emitted, reason: reason, counts: added)
    }

    /// Releases the text of tokens up to the first that ends the answer; how many those are, and why it ends. A stop
    /// counts before the limit that is reached with it.
    private mutating func emit(_ tokens: [Token], mostBytes: Int) -> (count: Int, FinishReason?) {
        for (index, token) in tokens.enumerated() {
            let count = index + 1
            if vocabulary.endTokens.contains(token) { return (count, .stop) }
            text += release.append(vocabulary.bytes(of: token))
            if release.isStopped { return (count, .stop) }
            if count == remaining || text.count >= mostBytes { return (count, .length) }
        }
        return (tokens.count, nil)
    }

    /// The expert has fed the whole draft, or all but its last token where no bonus was asked for; the drafter never
    /// feeds the last token that it drafts, and knows nothing of what was looked up.
    private mutating func rememberHoldings(_ round: JudgedRound, emitted: Int, behind base: Int, _ baseHash: Hash128) {
        let (draft, drafted) = (round.draft, round.draft.positions.count)
        var fed: [(node: NodeHandle, tokens: Int)] = []
        if let winner = round.winner {
            fed.append((winner, drafted > 0 && spec.rule.bonus == .rule ? drafted - 1 : drafted))
        }
        if let drafter, drafted > 0 || draft.isStoppedEarly, draft.source == .model {
            fed.append((drafter, max(0, drafted - 1)))
        }
        for (node, tokens) in fed {
            var holding = holding(of: node)
            let count = min(round.outcome.accepted, emitted, tokens)
            holding.length = base + count
            holding.hash = PrefixHash.extend(baseHash, round.outcome.tokens[..<count])
            setHolding(holding)
        }
    }

    /// What went wrong in the round counts no more.
    private mutating func beginNextRound(at now: Instant) {
        phase = .idle
        deaths = []
        failures = 0
        notBefore = now
    }
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

    /// Where its cache is, and what it takes there.
    var placement: Placement { Placement(drafter: drafter, expert: expert, need: need) }

    /// What a running sequence takes, and where.
    struct Placement: Sendable {
        var drafter: NodeHandle?
        var expert: NodeHandle?
        var need: CacheNeed
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
