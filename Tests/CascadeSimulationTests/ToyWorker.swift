import CascadeCore
import CascadeRules
import CascadeTestSupport

@testable import CascadeSimulation

/// A drafter or expert over a toy pair: carries requests out as the loops of real nodes do, with numbers whose every
/// outcome is tried.
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
    }

    let peer: PeerID
    let hello: Hello
    private let pair: ToyPair
    private let draftsBehindEnds: Bool
    private let bug: Bug?
    private let draws: BranchingDraws
    var memory = NodeMemory(capacity: 1 << 16, checksHashes: true)

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
            kvTokens: 512
        )
        pair = setting.pair
        draftsBehindEnds = setting.draftsBehindEnds
        bug = setting.bug
        self.draws = draws
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
            memory.release(release.sequence, specID: release.specID)
            return nil
        default: return nil
        }
    }

    // MARK: The drafter

    private mutating func draft(_ request: Draft) -> Message {
        let finding = memory.take(
            request.prefix,
            request.fence.sequence,
            specID: request.specID,
            spec: request.spec
        )
        guard case .found(var cache, var spec) = finding else { return missing(finding, request.fence) }
        if bug == .drawsAnew { spec.sample = UInt32(hello.identity.incarnation) }
        let base = cache.tokens.count
        var last = cache.tokens[base - 1]
        var positions: [DraftedPosition] = []
        while positions.count < Int(request.count), draftsBehindEnds || last != ToyPair.end {
            if pair.draftMaximum(after: last) < request.minimumConfidence { break }
            let position = base + positions.count
            let q = row(pair.draftRow(after: last))
            let key = DrawKey(.draft, position: position, base: base, sample: spec.sample)
            draws.expect(cumulated(pair.draftRow(after: last)), of: key)
            let token = Rules.draw(draft: q, position: position, base: base, spec: spec, draws: draws)
            if bug == .dropsUnlikely, q.probability(of: token) < 0.3 { break }
            let gate = DraftGate(q, token: token, settings: spec.rule)
            positions.append(DraftedPosition(token: token, row: q, gate: gate))
            last = token
        }
        cache.append(positions.dropLast().map(\.token))
        memory.keep(cache)
        return .drafted(Drafted(fence: request.fence, positions: positions))
    }

    // MARK: The expert

    private mutating func verify(_ request: Verify) -> Message {
        let finding = memory.take(
            request.prefix,
            request.fence.sequence,
            specID: request.specID,
            spec: request.spec
        )
        guard case .found(var cache, var spec) = finding else { return missing(finding, request.fence) }
        if bug == .drawsAnew { spec.sample = UInt32(hello.identity.incarnation) }
        let base = cache.tokens.count
        expect(request.draft, behind: cache.tokens[base - 1], base: base, spec)
        if bug == .guardsCoinOnly { spec.guardTokens = [] }
        var evidence = Rules.evidence(draft: request.draft, base: base, spec: spec, draws: draws) { index in
            if index > 0 { cache.append([request.draft[index - 1].token]) }
            let last = cache.tokens[cache.tokens.count - 1]
            let gate = GateRow(row(pair.rawRow(after: last)), draft: request.draft[index], settings: spec.rule)
            return (row(pair.expertRow(after: last)), gate)
        }
        if bug == .guardsCoinOnly {
            for (index, one) in request.draft.enumerated() where one.token == ToyPair.end {
                evidence[index].ratio = evidence[index].probability / one.row.probability(of: ToyPair.end)
            }
        }
        if bug == .weighsAlmostRight {
            for index in evidence.indices { evidence[index].ratio *= 1 - 1e-6 }
        }
        if let last = request.draft.last { cache.append([last.token]) }
        var bonus: Token?
        if request.draft.isEmpty || spec.rule.bonus == .target {
            let p = row(pair.expertRow(after: cache.tokens[cache.tokens.count - 1]))
            bonus = Rules.bonus(position: cache.tokens.count, p: p, spec: spec, draws: draws)
        } else {
            cache.cut(to: cache.tokens.count - 1)
        }
        memory.keep(cache)
        return .verified(Verified(fence: request.fence, evidence: evidence, bonus: bonus))
    }

    /// Works out afresh with what the numbers of a draft will be compared.
    private func expect(_ draft: [DraftedPosition], behind last: Token, base: Int, _ spec: SequenceSpec) {
        let isBlock = spec.rule.verifyMethod == .block
        var (last, passed) = (last, 1.0)
        for (index, drafted) in draft.enumerated() {
            let (x, position) = (Int(drafted.token), base + index)
            var coin = [Double]()
            var residual = [Double]()
            for isGuarded in bug == .guardsCoinOnly ? [true, false] : [true] {
                var one = pair.reference(after: last, settings: spec.rule, strict: spec.isStrict(position: position))
                if !isGuarded { one.guardTokens = [] }
                residual += cumulated(isBlock ? one.blockResidual(passed) : one.residual)
                coin.append(one.acceptance[x])
                if isBlock { passed = min(1, passed * one.pi[x] / one.q[x]) }
            }
            last = drafted.token
            if isBlock {
                coin = [passed]
                if index + 1 < draft.count {
                    let next = pair.reference(
                        after: last,
                        settings: spec.rule,
                        strict: spec.isStrict(position: position + 1)
                    )
                    coin = [next.blockThreshold(passed)]
                }
            }
            // The coordinator's coins never lack the sample, whatever a node does.
            draws.expect(coin, of: DrawKey(.coin, position: position, base: base, sample: 0))
            draws.expect(residual, of: DrawKey(.residual, position: position, base: base, sample: spec.sample))
        }
    }

    private func missing(_ finding: NodeMemory.Finding, _ fence: Fence) -> Message {
        guard case .missing(let length, let needsSpec) = finding else {
            preconditionFailure("only what is missing is missing")
        }
        return .missing(Missing(fence: fence, length: UInt32(length), needsSpec: needsSpec))
    }
}
