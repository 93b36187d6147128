import CascadeConstraint
import CascadeCore
import CascadeRules
import CascadeTestSupport
import CascadeWorker

@testable import CascadeSimulation

/// A ``ToyPair`` as production's worker drives a model.
struct ToyPairModel: TokenModel, Sendable {
    var caches = TokenCaches()
    let role: NodeRole
    let pair: ToyPair
    /// Told of the tokens before each drafter's row before it is drawn from.
    var willDraw: @Sendable (_ prefix: [Token]) -> Void = { _ in }

    mutating func forward(_ batch: [BatchEntry]) throws(ForwardError) -> Double {
        try caches.append(batch)
        return 0
    }

    func row(_ row: Int, of entry: Int) -> DistributionRow {
        let (_, last) = caches.prefix(ofRow: row, entry: entry)
        if role == .expert {
            return distributions(raw: pair.rawRow(after: last), processed: pair.expertRow(after: last))
        }
        willDraw(Array(caches.tokens(ofRow: row, entry: entry)))
        return distributions(raw: pair.rawDraftRow(after: last), processed: pair.draftRow(after: last))
    }

    func constraintVocabulary() -> ConstraintVocabulary? {
        ConstraintVocabulary(pieces: [[0x61], [0x62], [0x63], nil], endTokens: [ToyPair.end])
    }

    private func distributions(raw: [Double], processed: [Double]) -> DistributionRow {
        DistributionRow(raw: CascadeTestSupport.row(raw), processed: CascadeTestSupport.row(processed))
    }
}

/// A drafter or expert over a toy pair: production's worker, with numbers whose every outcome is tried.
struct ToyWorker: Sendable {
    /// What it may do wrong.
    enum Bug {
        /// The drafter drops a token that turned out unlikely, and stops.
        case dropsUnlikely
        /// The expert has an end token pass the coin of `lossless`, but weighs everything else as without a guard.
        case guardsCoinOnly
        /// The expert weighs every drafted token by a millionth too little.
        case weighsAlmostRight
        /// Every node has numbers of its own: a request that is asked again elsewhere is drawn anew.
        case drawsAnew
        /// Penalties do not see the draft's own tokens, on either role.
        case penalisesCommitted
        /// What a constraint allows does not depend on the draft's own tokens, on either role.
        case masksCommitted
    }

    let peer: PeerID
    let hello: Hello
    private let setting: ToySetting
    private let draftsBehindEnds: Bool
    private let bug: Bug?
    private let draws: BranchingDraws
    private var worker: Worker<ToyPairModel>
    /// What it was told of the text: committed tokens, and a draft behind them.
    private var text: [Token] = []
    /// The specs that it was sent, as they were.
    private var specs: [UInt64: SequenceSpec] = [:]

    static let vocabularyHash = Hash128(high: 5, low: 6)

    /// - Parameter number: Tells nodes of one role apart, from 0.
    init(_ role: NodeRole, number: UInt64, _ setting: ToySetting, _ draws: BranchingDraws) {
        let name = "\(role.rawValue)-\(number)"
        peer = PeerID(Array(name.utf8))
        hello = Hello(
            identity: NodeIdentity(name: name, incarnation: number),
            role: role,
            pool: "default",
            software: "test",
            modelName: "toy",
            modelFingerprint: Hash128(high: 0, low: 1),
            vocabularyHash: Self.vocabularyHash,
            vocabularyCount: UInt32(ToyPair.count),
            numericsID: "exact",
            contextLength: 64,
            kvTokens: 512,
            pageTokens: 1,
            samplingVersion: SamplingSettings.knownVersion
        )
        self.setting = setting
        draftsBehindEnds = setting.draftsBehindEnds
        bug = setting.bug
        self.draws = draws
        worker = Worker(
            model: ToyPairModel(role: role, pair: setting.pair),
            maxBatchedTokens: 64,
            seams: Worker<ToyPairModel>.Seams(
                penalisesDrafted: setting.bug != .penalisesCommitted,
                masksDrafted: setting.bug != .masksCommitted
            ) { _ in draws }
        )
    }

    /// The reply to a message; nil where there is none.
    mutating func answer(_ message: Message) -> Message? {
        switch message {
        case .ping(let ping):
            let progress = Progress(passes: 0, pending: 0, kvTokensUsed: 0, busyMilliseconds: 0)
            return .pong(Pong(boot: ping.boot, number: ping.number, progress: progress))
        case .draft(let request): return draft(request)
        case .verify(let request): return verify(request)
        case .release(let release):
            worker.release(release.sequence)
            return nil
        default: return nil
        }
    }

    /// Forgets everything.
    mutating func forget() { worker.releaseAll() }

    /// The worker's answer to a request.
    private mutating func carryOut(_ request: WorkRequest) -> Message? {
        worker.add(request)
        while !worker.isIdle {
            if let answer = worker.runPass(at: Instant(nanoseconds: 0)).first { return answer }
        }
        return nil
    }

    /// A spec as a node with a bug understands it.
    private func bent(_ spec: SequenceSpec?) -> SequenceSpec? {
        guard var spec else { return nil }
        if bug == .drawsAnew { spec.sample = UInt32(hello.identity.incarnation) }
        if bug == .guardsCoinOnly, hello.role == .expert { spec.guardTokens = [] }
        if draftsBehindEnds, hello.role == .drafter { spec.guardTokens = [] }
        return spec
    }

    /// Takes the committed tokens of a request; false where it lacks what they stand on.
    private mutating func read(_ prefix: Prefix) -> Bool {
        let start = Int(prefix.baseLength) - prefix.tail.count
        guard start <= text.count else { return false }
        text = text[..<start] + prefix.tail
        return true
    }

    // MARK: The drafter

    private mutating func draft(_ request: Draft) -> Message? {
        if let spec = request.spec { specs[request.specID] = spec }
        let sample = bent(specs[request.specID])?.sample ?? 0
        let base = Int(request.prefix.baseLength)
        let isKnown = read(request.prefix)
        worker.model.willDraw = { [setting, draws] prefix in
            let row = setting.reference(behind: prefix, base: base).q
            // Where the head has nothing that is allowed, nothing is drawn.
            if row.allSatisfy({ $0 == 0 }) { return }
            let key = DrawKey(.draft, position: prefix.count, base: base, sample: sample)
            draws.expect(cumulated(row), of: key)
        }
        var request = request
        request.spec = bent(request.spec)
        let answer = carryOut(.draft(request))
        guard case .drafted(var drafted)? = answer else { return answer }
        if isKnown { text += drafted.positions.map(\.token) }
        if bug == .dropsUnlikely {
            let kept = drafted.positions.prefix { $0.row.probability(of: $0.token) >= 0.3 }
            drafted.positions = Array(kept)
        }
        return .drafted(drafted)
    }

    // MARK: The expert

    private mutating func verify(_ request: Verify) -> Message? {
        if let spec = request.spec { specs[request.specID] = spec }
        if read(request.prefix), var spec = specs[request.specID] {
            if bug == .drawsAnew { spec.sample = UInt32(hello.identity.incarnation) }
            expect(request.draft, spec)
            text += request.draft.map(\.token)
        }
        var bentRequest = request
        bentRequest.spec = bent(request.spec)
        let answer = carryOut(.verify(bentRequest))
        guard case .verified(var verified)? = answer else { return answer }
        if bug == .guardsCoinOnly {
            for (index, one) in request.draft.enumerated() where one.token == ToyPair.end {
                let ratio = verified.evidence[index].probability / one.row.probability(of: ToyPair.end)
                verified.evidence[index].ratio = ratio
            }
        }
        if bug == .weighsAlmostRight {
            for index in verified.evidence.indices { verified.evidence[index].ratio *= 1 - 1e-6 }
        }
        return .verified(verified)
    }

    /// Works out afresh with what the numbers of a draft will be compared.
    private func expect(_ draft: [DraftedPosition], _ spec: SequenceSpec) {
        let isBlock = spec.rule.verifyMethod == .block
        let base = text.count
        var (text, passed) = (text, 1.0)
        for (index, drafted) in draft.enumerated() {
            let (x, position) = (Int(drafted.token), base + index)
            var coin = [Double]()
            var residual = [Double]()
            for isGuarded in bug == .guardsCoinOnly ? [true, false] : [true] {
                var one = setting.reference(behind: text, base: base)
                if !isGuarded { one.guardTokens = [] }
                residual += cumulated(isBlock ? one.blockResidual(passed) : one.residual)
                coin.append(one.acceptance[x])
                if isBlock { passed = min(1, passed * one.pi[x] / one.q[x]) }
            }
            text.append(drafted.token)
            if isBlock {
                coin = [passed]
                if index + 1 < draft.count {
                    coin = [setting.reference(behind: text, base: base).blockThreshold(passed)]
                }
            }
            // The coordinator's coins never lack the sample, whatever a node does.
            draws.expect(coin, of: DrawKey(.coin, position: position, base: base, sample: 0))
            draws.expect(residual, of: DrawKey(.residual, position: position, base: base, sample: spec.sample))
        }
    }
}
