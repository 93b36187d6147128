import CascadeCore
import CascadeRules
import CascadeWorker

/// A drafter or expert process: production's state machine and worker, over a toy model. One thread answers pings, one
/// computes.
struct SimulatedNode: Sendable {
    /// A token that the rule made of an expert's word behind a prefix.
    struct Verdict: Hashable, Sendable {
        let sequence: SequenceID
        let prefix: Hash128
        let token: Token
    }

    /// What a node is, whichever process of its name.
    struct Traits: Sendable {
        let name: String
        let role: NodeRole
        let contextLength: UInt32
        let kvTokens: UInt32
        let pageTokens: UInt32
        let credits: UInt32
        /// What its passes cost.
        let costs: [CostPoint]
        let language: ToyLanguage
        let maxBatchedTokens: Int
        let seams: Worker<ToyModel>.Seams
    }

    let traits: Traits
    var link: SimulatedLink
    var incarnation: UInt64 = 0
    var isUp = false
    /// Until when all its threads stand still.
    var pausedUntil = Instant(nanoseconds: 0)
    /// Until when its computing thread makes no progress.
    var stuckUntil = Instant(nanoseconds: 0)
    /// From when on it is loaded.
    var loadedAt = Instant(nanoseconds: 0)
    /// What arrived while it stood still.
    var inbox: [Message] = []
    var machine: NodeStateMachine
    var worker: Worker<ToyModel>
    /// Requests that the computing thread has not taken.
    var posted: [WorkRequest] = []
    /// What the pass that runs will have answered at its end; nil while none runs.
    var answers: [Message]?
    var passes: UInt64 = 0
    /// How often it answers with nonsense, and how often it says that it failed.
    var hostility = 0.0
    var failing = 0.0
    /// What it does all the time.
    var treason: Treason?
    /// The specs and requests that it was sent: what its words are checked by.
    private var specs: [UInt64: SequenceSpec] = [:]
    private var asked: [Fence: Verify] = [:]

    /// A node that is not started yet.
    init(_ traits: Traits, link: SimulatedLink, now: Instant) {
        self.traits = traits
        self.link = link
        machine = Self.machine(traits, 0, now)
        worker = Self.worker(traits)
    }

    var name: String { traits.name }
    var role: NodeRole { traits.role }
    var identity: NodeIdentity { NodeIdentity(name: name, incarnation: incarnation) }
    var hello: Hello { Self.hello(traits, incarnation) }

    private static func hello(_ traits: Traits, _ incarnation: UInt64) -> Hello {
        Hello(
            identity: NodeIdentity(name: traits.name, incarnation: incarnation),
            role: traits.role,
            pool: "default",
            software: "simulated",
            modelName: "toy-\(traits.role.rawValue)",
            modelFingerprint: Hash128(high: 0, low: traits.role == .expert ? 1 : 2),
            vocabularyHash: ToyLanguage.vocabulary.hash,
            vocabularyCount: UInt32(ToyLanguage.vocabulary.count),
            numericsID: "exact",
            contextLength: traits.contextLength,
            kvTokens: traits.kvTokens,
            pageTokens: traits.pageTokens,
            // Some share their cores, some do not.
            host: "host-\(traits.name.utf8.last.map { $0 % 2 } ?? 0)",
            samplingVersion: SamplingSettings.knownVersion
        )
    }

    private static func machine(_ traits: Traits, _ incarnation: UInt64, _ now: Instant) -> NodeStateMachine {
        let settings = NodeStateMachine.Settings(
            hello: hello(traits, incarnation),
            endpoint: "simulated",
            credits: traits.credits,
            maxBatchedTokens: traits.maxBatchedTokens,
            tokenizerBlock: traits.role == .expert ? ToyLanguage.tokenizerBlock : [],
            chunkBytes: 256,
            // So that much comes of it.
            stallMilliseconds: 1_000
        )
        return NodeStateMachine(settings, now: now)
    }

    private static func worker(_ traits: Traits) -> Worker<ToyModel> {
        let model = ToyModel(traits.role, traits.language, costs: traits.costs, capacity: Int(traits.kvTokens))
        return Worker(
            model: model,
            maxBatchedTokens: traits.maxBatchedTokens,
            pace: PromptPace(costs: traits.costs),
            seams: traits.seams
        )
    }

    /// Where its engine stands.
    func status(at now: Instant) -> EngineStatus {
        let progress = Progress(
            passes: passes,
            pending: UInt32(worker.pendingCount + posted.count),
            kvTokensUsed: UInt32(worker.model.usedTokens),
            busyMilliseconds: passes * 10
        )
        return EngineStatus(
            state: now >= loadedAt ? .ready(saidCosts) : .loading,
            progress: progress,
            readings: worker.readings
        )
    }

    /// Whether a pass may begin.
    var hasWork: Bool { answers == nil && (!posted.isEmpty || !worker.isIdle) }

    /// The process dies: nothing of it is left.
    mutating func die() {
        isUp = false
        inbox = []
        posted = []
        answers = nil
        link.address.connection += 1
    }

    /// A new process of the same name.
    mutating func start(incarnation: UInt64, now: Instant, loadedAt: Instant) {
        self.incarnation = incarnation
        isUp = true
        pausedUntil = now
        stuckUntil = now
        self.loadedAt = loadedAt
        passes = 0
        machine = Self.machine(traits, incarnation, now)
        worker = Self.worker(traits)
        link.address.connection += 1
    }

    /// Takes a request for its computing thread.
    mutating func post(_ request: WorkRequest) {
        if case .verify(let verify) = request {
            asked[verify.fence] = verify
            if let spec = verify.spec { specs[verify.specID] = spec }
        }
        posted.append(request)
    }

    /// Forgets a sequence.
    mutating func release(_ sequence: SequenceID) {
        posted.removeAll { $0.fence.sequence == sequence }
        asked = asked.filter { $0.key.sequence != sequence }
        worker.release(sequence)
    }

    /// Begins a pass over what waits: what it answers, and what the experts' words vouch for.
    mutating func beginPass(at now: Instant) -> [Verdict] {
        for request in posted { worker.add(request) }
        posted = []
        let said = worker.runPass(at: now)
        answers = said
        var prefixes = worker.model.judged[...]
        var verdicts: [Verdict] = []
        for case .verified(let verified) in said {
            guard let prefix = prefixes.popFirst(), let request = asked.removeValue(forKey: verified.fence),
                let spec = specs[request.specID]
            else { continue }
            verdicts += Self.verdicts(request, verified, spec, behind: prefix)
        }
        return verdicts
    }

    /// What the rule makes of a word: that and nothing else may be committed.
    private static func verdicts(
        _ request: Verify,
        _ word: Verified,
        _ spec: SequenceSpec,
        behind prefix: Hash128
    ) -> [Verdict] {
        let outcome = Rules.walk(
            draft: request.draft,
            evidence: word.evidence,
            bonus: word.bonus,
            base: Int(request.prefix.baseLength),
            spec: spec,
            draws: PhiloxDraws(seed: spec.seed)
        )
        var hash = prefix
        return outcome.tokens.map { token in
            defer { hash = PrefixHash.extend(hash, [token]) }
            return Verdict(sequence: request.fence.sequence, prefix: hash, token: token)
        }
    }

    /// Turns an honest reply into one that breaks a rule.
    func spoil(_ reply: Message, _ random: inout SplitMix64) -> Message {
        let outside = Token(ToyLanguage.vocabulary.count)
        switch reply {
        case .drafted(var drafted):
            if drafted.positions.isEmpty || random.chance(0.5) {
                let position = DraftedPosition(token: 1, row: Distribution(oneHot: 1), gate: DraftGate(maximum: 1))
                drafted.positions += [DraftedPosition](repeating: position, count: 40)
            } else {
                drafted.positions[0] = DraftedPosition(
                    token: outside,
                    row: Distribution(oneHot: outside),
                    gate: DraftGate(maximum: 1)
                )
            }
            return .drafted(drafted)
        case .verified(var verified):
            switch random.pick(0...3) {
            case 0: verified.bonus = verified.bonus == nil ? 1 : nil
            case 1 where verified.bonus != nil: verified.bonus = outside
            case 2 where !verified.evidence.isEmpty: verified.evidence[0].residual = outside
            case 3 where !verified.evidence.isEmpty: verified.evidence.removeLast()
            default: verified.bonus = verified.bonus == nil ? 1 : nil
            }
            return .verified(verified)
        case .missing(var missing):
            missing.length = .max >> 2
            return .missing(missing)
        default: return reply
        }
    }
}
