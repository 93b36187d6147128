import CascadeConstraint
import CascadeCoordinator
import CascadeCore
import CascadeRules
import CascadeWorker

/// The toy vocabulary: token 0 ends a text, token v stands for the letter number v - 1.
enum Toy {
    static let hash = Hash128(high: 1, low: 2)
    static let count = 27
    static let vocabulary = Vocabulary(
        pieces: [[]] + (0..<26).map { [UInt8(97 + $0)] },
        endTokens: [0],
        hash: hash
    )
    /// The toy experts' tokenizer.
    static let tokenizer = TokenizerID(ToyNode("expert", .expert).hello)

    /// Greedy next token of the toy expert; never an end token.
    static func next(_ prefix: some Collection<Token>) -> Token {
        var state: UInt64 = 7
        for token in prefix { state = (state &* 31 &+ UInt64(token)) % 1_000_003 }
        return Token(1 + state % 26)
    }

    /// Greedy next token of the toy drafter: the expert's three times out of four.
    static func draftNext(_ prefix: some Collection<Token>) -> Token {
        let token = next(prefix)
        return prefix.count % 4 == 3 ? 1 + token % 26 : token
    }

    /// What the expert alone answers.
    static func answer(prompt: [Token], count: Int) -> [Token] {
        var tokens = prompt
        for _ in 0..<count { tokens.append(next(tokens)) }
        return Array(tokens.dropFirst(prompt.count))
    }

    /// The logarithm that a toy row has for the token at a place, from 0.
    static func logprob(place: Int) -> Double { -0.7 * Double(place + 1) }

    static func tokens(_ prompt: [UInt8]) -> [Token] {
        prompt.map { 1 + Token($0) % 26 }
    }

    static func text(_ tokens: [Token]) -> [UInt8] {
        tokens.flatMap { Array(vocabulary.bytes(of: $0)) }
    }
}

/// The toy models: a row has one token, and is as confident of it as it is told to be.
struct OneTokenModel: TokenModel, Sendable {
    var caches = TokenCaches()
    let role: NodeRole
    /// Milliseconds that it says a pass took.
    var pace: Double
    /// Whether it is never as confident as it is asked to be.
    var isUnsure = false
    /// Positions of a sequence at which it is not confident: 0.3 instead of 1.
    var unsureAt: Set<Int> = []

    struct Row: OutputRow {
        let token: Token
        let confidence: Double
        let isUnsure: Bool

        var maximumProbability: Double { isUnsure ? 0 : confidence }
        func distribution(_ spec: SequenceSpec, support: Int?) -> Distribution { Distribution(oneHot: token) }
        func gate(_ rule: RuleSettings, draft: DraftedPosition, processed: Distribution) -> GateRow {
            GateRow(processed, draft: draft, settings: rule)
        }
        func draftGate(_ rule: RuleSettings, token: Token, processed: Distribution) -> DraftGate {
            DraftGate(maximum: confidence)
        }
        /// There is no other token to go to.
        func adjusted(by adjustment: LogitsAdjustment) -> Row { self }
        func masked(by mask: TokenMask) -> Row? { mask.contains(token) ? self : nil }

        /// The token that it says, and behind it those that follow in the vocabulary, each half as likely as the one
        /// before.
        func logprobs(
            of tokens: [Token],
            top limit: Int,
            _ spec: SequenceSpec
        ) -> (of: [RankedLogprob], top: [TopLogprob]) {
            let place = { (other: Token) in (Int(other) - Int(token) + Toy.count) % Toy.count }
            return (
                tokens.map { RankedLogprob(Toy.logprob(place: place($0)), rank: UInt32(place($0) + 1)) },
                (0..<min(limit, Toy.count)).map { place in
                    TopLogprob(Token((Int(token) + place) % Toy.count), Toy.logprob(place: place))
                }
            )
        }
    }

    mutating func forward(_ batch: [BatchEntry]) throws(ForwardError) -> Double {
        try caches.append(batch)
        return pace
    }

    func constraintVocabulary() -> ConstraintVocabulary? { ConstraintVocabulary(Toy.vocabulary) }

    func row(_ row: Int, of entry: Int) -> Row {
        let prefix = caches.tokens(ofRow: row, entry: entry)
        return Row(
            token: role == .expert ? Toy.next(prefix) : Toy.draftNext(prefix),
            confidence: unsureAt.contains(prefix.count) ? 0.3 : 1,
            isUnsure: isUnsure
        )
    }
}

/// A node that answers at once, by production's worker, and keeps what it was sent.
struct ToyNode {
    let peer: PeerID
    let hello: Hello
    var worker: Worker<OneTokenModel>
    var passes: UInt64 = 0
    /// Requests that it says it works on.
    var pending: UInt32 = 0
    /// How long it says that its engine has been stuck.
    var stuckMilliseconds: UInt64 = 0
    /// Milliseconds that it says a pass took; 0 says nothing.
    var pace: Double {
        get { worker.model.pace }
        set { worker.model.pace = newValue }
    }
    /// Whether it knows of log probabilities; nodes of earlier versions do not.
    var knowsLogprobs = true
    /// What is wrong with it.
    var vice = Vice.none
    /// What it said that its passes cost.
    var costs: [CostPoint] = []
    /// Everything it was sent.
    var received: [Message] = []

    /// Ways to be of no use.
    enum Vice: Sendable {
        case none
        /// Its answers break a rule.
        case nonsense
        /// It says that it cannot.
        case fails
        /// Its process dies when it is asked, and another one of its name joins.
        case dies
        /// Its connection breaks when it is asked, and the same process joins again.
        case reconnects
        /// It says goodbye when it is asked, and joins again.
        case leaves
        /// It lacks what it was sent, whatever that was.
        case forgets
    }

    init(
        _ name: String,
        _ role: NodeRole,
        incarnation: UInt64 = 1,
        peer: String? = nil,
        pool: String = "default",
        fingerprint: UInt64 = 9,
        numericsID: String = "n1",
        vocabularyHash: Hash128 = Toy.hash,
        contextLength: UInt32 = 512,
        kvTokens: UInt32 = 4096,
        pageTokens: UInt32 = 1,
        pace: Double = 0,
        host: String = "",
        samplingVersion: UInt32 = SamplingSettings.knownVersion
    ) {
        let caches = TokenCaches(capacity: Int(kvTokens))
        worker = Worker(model: OneTokenModel(caches: caches, role: role, pace: pace), maxBatchedTokens: 1_024)
        self.peer = PeerID(Array((peer ?? "\(name)/\(incarnation)").utf8))
        hello = Hello(
            identity: NodeIdentity(name: name, incarnation: incarnation),
            role: role,
            pool: pool,
            software: "test",
            modelName: "toy",
            modelFingerprint: Hash128(high: 0, low: fingerprint),
            vocabularyHash: vocabularyHash,
            vocabularyCount: UInt32(Toy.count),
            numericsID: numericsID,
            contextLength: contextLength,
            kvTokens: kvTokens,
            pageTokens: pageTokens,
            host: host,
            samplingVersion: samplingVersion
        )
    }

    /// The next process of its name.
    func reborn(incarnation: UInt64, peer: String) -> ToyNode {
        var next = ToyNode(
            hello.identity.name,
            hello.role,
            incarnation: incarnation,
            peer: peer,
            pool: hello.pool,
            contextLength: hello.contextLength,
            kvTokens: hello.kvTokens,
            pace: pace,
            host: hello.host,
            samplingVersion: hello.samplingVersion
        )
        (next.vice, next.costs, next.received) = (vice, costs, received)
        return next
    }

    /// What a node with a vice answers to a request; nil where it answers honestly.
    private func spoiltAnswer(_ message: Message) -> Message? {
        guard let fence = message.requestFence else { return nil }
        switch vice {
        case .nonsense where message.isVerify:
            return .verified(Verified(fence: fence, evidence: [], bonus: 999))
        case .nonsense:
            let position = DraftedPosition(token: 99, row: .init(oneHot: 99), gate: DraftGate(maximum: 1))
            return .drafted(Drafted(fence: fence, positions: [position]))
        case .fails: return .failed(Failed(fence: fence, code: .nodeFailed, message: "no memory"))
        case .forgets: return .missing(Missing(fence: fence, length: 0, needsSpec: true))
        case .none, .dies, .reconnects, .leaves: return nil
        }
    }

    /// What the node answers to a message; nil where it says nothing.
    mutating func answer(_ message: Message) -> Message? {
        received.append(message)
        if let spoilt = spoiltAnswer(message) { return spoilt }
        switch message {
        case .ping(let ping):
            let progress = Progress(
                passes: passes,
                pending: pending,
                kvTokensUsed: 0,
                busyMilliseconds: 0,
                stuckMilliseconds: stuckMilliseconds
            )
            return .pong(Pong(boot: ping.boot, number: ping.number, progress: progress))
        case .release(let release):
            worker.release(release.sequence)
            return nil
        default:
            guard let request = WorkRequest(message) else { return nil }
            passes += 1
            worker.add(request)
            while !worker.isIdle {
                guard let answer = worker.runPass(at: Instant(nanoseconds: 0)).first else { continue }
                guard !knowsLogprobs, case .verified(var verified) = answer else { return answer }
                verified.logprobs = []
                return .verified(verified)
            }
            return nil
        }
    }
}

extension Message {
    /// The fence of a Draft or Verify.
    var requestFence: Fence? {
        switch self {
        case .draft(let draft): draft.fence
        case .verify(let verify): verify.fence
        default: nil
        }
    }
}
