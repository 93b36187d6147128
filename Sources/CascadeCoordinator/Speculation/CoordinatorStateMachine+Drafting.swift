import CascadeCore
import CascadeRules
import OrderedCollections

/// What a round's draft comes from, and how long it is: decided from committed tokens, measured costs and the nodes
/// that are there, before anything is drafted (decisions.md 2).
extension CoordinatorStateMachine {
    /// How a round begins.
    enum DraftPlan {
        /// Without a draft.
        case none
        /// With these tokens, which lookup found.
        case lookup(ArraySlice<Token>)
        /// With a request to a drafter for so many tokens.
        case ask(NodeHandle, count: Int)
        /// Not yet: a drafter is needed, and none has room now.
        case wait
    }

    /// Plans the draft of a job's next round at `expert`.
    ///
    /// Fixed length: lookup where it matches, else the drafter. Adaptive: of both, and of no draft, whatever is
    /// expected to yield the most tokens per second.
    mutating func planDraft(_ job: Job, _ sequence: ActiveSequence, expert: NodeHandle) -> DraftPlan {
        if job.submit.rule.rule.isSequential { return sequentialPlan(job, sequence) }
        // Behind a fully accepted draft comes the expert's token, unless the rule leaves it out.
        let room = job.submit.rule.bonus == .target ? sequence.remaining - 1 : sequence.remaining
        switch job.draftLength {
        case .fixed(let count): return fixedPlan(job, sequence, limit: min(Int(count), room))
        case .adaptive: return adaptivePlan(job, sequence, limit: min(DraftLengthPolicy.maximum, room), expert)
        }
    }

    private func fixedPlan(_ job: Job, _ sequence: ActiveSequence, limit: Int) -> DraftPlan {
        guard limit > 0 else { return .none }
        let found = sequence.copied(upTo: limit)
        if !found.isEmpty { return .lookup(found) }
        guard let (drafter, most) = model(for: job, sequence, limit: limit) else { return .none }
        return .ask(drafter, count: most)
    }

    private mutating func adaptivePlan(
        _ job: Job,
        _ sequence: ActiveSequence,
        limit: Int,
        _ expert: NodeHandle
    ) -> DraftPlan {
        guard limit > 0 else { return .none }
        let found = sequence.copied(upTo: limit)
        let model = model(for: job, sequence, limit: limit)
        if found.isEmpty, model == nil { return .none }
        guard let costs = nodes[expert]?.passCosts else {
            return fixedPlan(job, sequence, limit: min(limit, limits.unmeasuredDraftTokens))
        }
        var policy = policy(job, expert: expert, costs)
        let copy = policy.choose(acceptance: sequence.acceptance.lookup.value, upTo: found.count)
        var plan = copy.count > 0 ? DraftPlan.lookup(found.prefix(copy.count)) : .none
        if let (drafter, most) = model, let node = nodes[drafter] {
            if let drafterCosts = node.passCosts {
                join(drafter, drafterCosts, to: &policy, isNew: sequence.drafter != drafter, expert: expert)
                let ask = policy.choose(acceptance: acceptance(job, sequence, policy), upTo: most)
                if ask.count > 0, pays(ask, over: copy, policy, sequence, drafter) {
                    plan = .ask(drafter, count: ask.count)
                } else if copy.count == 0, node.needsProbe(at: now), couldPay(policy, job, sequence, upTo: most) {
                    // However slow it seems: only an answer can tell that it is not, or not any more.
                    plan = .ask(drafter, count: 1)
                    nodes[drafter]?.countProbe(at: now)
                }
            } else if copy.count == 0 {
                plan = .ask(drafter, count: min(most, limits.unmeasuredDraftTokens))
            }
        }
        if case .none = plan { transitions.count(.draftUnpaid) } else { transitions.count(.draftLengthChosen) }
        return plan
    }

    /// How likely a model's token is to be accepted. Sequences that share passes do best in step: all of them draft as
    /// long as the pool's experience says. What one of them has seen is little, and drafting when it happens to look
    /// well would make the passes of all of them longer.
    private func acceptance(_ job: Job, _ sequence: ActiveSequence, _ policy: DraftLengthPolicy) -> Double {
        let shared = policy.expertSequences > 1 ? pools[job.submit.pool]?.acceptance.model : nil
        return (shared ?? sequence.acceptance.model).value
    }

    /// Whether asking a drafter beats what else could be done, the tokens that it has to read first included.
    ///
    /// Of sequences that share passes some are always out of step, which no curve knows and which costs some of the
    /// gain: what promises little there is left alone. And where one has a prompt to be read the others have too, or
    /// wait for it.
    private func pays(
        _ ask: DraftLengthPolicy.Choice,
        over other: DraftLengthPolicy.Choice,
        _ policy: DraftLengthPolicy,
        _ sequence: ActiveSequence,
        _ drafter: NodeHandle
    ) -> Bool {
        let margin = policy.expertSequences > 1 ? Self.sharedPassMargin : 1
        guard ask.tokensPerSecond > other.tokensPerSecond * margin else { return false }
        let missing = sequence.base - sequence.holding(of: drafter).length
        guard missing > Self.longestHeldTail, let costs = policy.drafter else { return true }
        let reading = costs.milliseconds(rows: missing) * Double(policy.expertSequences)
        let tokens = Double(min(sequence.remaining, Self.payingHorizon))
        return 1_000 * tokens / ask.tokensPerSecond + reading < 1_000 * tokens / other.tokensPerSecond
    }

    /// How much faster a draft must promise to be where sequences share passes.
    private static var sharedPassMargin: Double { 1.1 }
    /// Tokens within which reading a prompt must have paid: an answer may end any time.
    private static var payingHorizon: Int { 64 }

    /// Whether drafts would pay if the drafter took no time at all.
    private func couldPay(
        _ policy: DraftLengthPolicy,
        _ job: Job,
        _ sequence: ActiveSequence,
        upTo most: Int
    ) -> Bool {
        var free = policy
        free.drafter = nil
        return free.choose(acceptance: acceptance(job, sequence, policy), upTo: most).count > 0
    }

    /// What rounds cost at an expert, without a drafter.
    private func policy(_ job: Job, expert: NodeHandle, _ costs: PassCosts) -> DraftLengthPolicy {
        DraftLengthPolicy(
            expert: costs,
            drafter: nil,
            expertSequences: max(1, load(of: expert).sequences, shareOfSequences(of: expert, costs)),
            hasBonus: job.submit.rule.bonus == .target,
            expertRoundTrip: nodes[expert]?.roundTrip.milliseconds ?? RoundTrip.unknown
        )
    }

    /// How many of its pool's sequences an expert has on average: those of a moment may be fewer, but not for as long
    /// as a prompt that a drafter has to read takes to pay. New sequences go where the least work is, so shares are as
    /// the speeds.
    private func shareOfSequences(of expert: NodeHandle, _ costs: PassCosts) -> Int {
        guard let pool = nodes[expert]?.hello.pool else { return 0 }
        let pace = costs.milliseconds(rows: 1)
        // In those of this expert.
        var speeds = 1.0
        for (handle, node) in nodes.elements where handle != expert && node.hello.role == .expert {
            guard node.hello.pool == pool, node.state == .ready, !isShunned(node), let other = node.passCosts else {
                continue
            }
            speeds += pace / max(other.milliseconds(rows: 1), .leastNormalMagnitude)
        }
        let sequences = jobs.running.count { jobs[$0]?.submit.pool == pool }
        return Int((Double(sequences) / speeds).rounded())
    }

    /// Adds a drafter to what rounds cost; a sequence that is new there shares it with one more.
    private func join(
        _ drafter: NodeHandle,
        _ costs: PassCosts,
        to policy: inout DraftLengthPolicy,
        isNew: Bool,
        expert: NodeHandle
    ) {
        guard let node = nodes[drafter] else { return }
        policy.drafter = costs
        policy.drafterSequences = max(1, load(of: drafter).sequences + (isNew ? 1 : 0))
        policy.drafterRoundTrip = node.roundTrip.milliseconds
        // Cores that nobody knows of are taken for shared: a draft that did not pay costs more than one that was not
        // asked.
        policy.sharesCores = nodes[expert]?.hello.host == node.hello.host || node.hello.host.isEmpty
    }

    /// Whether a round should wait for those of other sequences that are being drafted on the expert's own cores: its
    /// pass would take them from the drafter, and the others' rounds would take another pass.
    func waitsForDrafts(_ job: Job, at expert: NodeHandle) -> Bool {
        guard let host = nodes[expert]?.hello.host, !host.isEmpty else { return false }
        return requests.contains { request in
            request.role == .drafter && request.holdUntil > now && request.job != job.id
                && nodes[request.node]?.hello.host == host && jobs[request.job]?.sequence?.expert == expert
        }
    }

    /// Until when others wait for a draft: a few times what it should take, and not at all where a prompt is read
    /// first.
    func holdInstant(of request: Request) -> Instant {
        guard request.rows <= Self.longestHeldTail, let costs = nodes[request.node]?.passCosts else { return now }
        let expected = Double(request.count) * costs.milliseconds(rows: load(of: request.node).sequences)
        return now.advanced(milliseconds: UInt64(min(4 * expected + 10, 1_000)))
    }

    private static var longestHeldTail: Int { 16 }

    /// Whether a draft should wait although its expert would take it: while the expert verifies one half of its
    /// sequences, the other half is drafted elsewhere, and all of them at once would leave one side idle in turn. The
    /// expert has work meanwhile. Only what it had before the draft came counts: those that do not draft come back at
    /// once and would keep it waiting for ever.
    func shouldHoldBack(_ job: Job, _ sequence: ActiveSequence, _ draft: RoundDraft, at expert: NodeHandle) -> Bool {
        guard draft.source == .model, !draft.positions.isEmpty, let drafter = sequence.drafter,
            let costs = nodes[expert]?.passCosts, let drafterCosts = nodes[drafter]?.passCosts
        else { return false }
        let inWork = requests.count { $0.node == expert && $0.number <= draft.lastRequest }
        guard inWork > 0, nodes[expert]?.hello.host != nodes[drafter]?.hello.host else { return false }
        var policy = policy(job, expert: expert, costs)
        guard 2 * inWork >= policy.expertSequences else { return false }
        join(drafter, drafterCosts, to: &policy, isNew: false, expert: expert)
        return policy.prefersHalves(draft.positions.count)
    }

    /// The drafter that a model's draft would come from, and how many tokens it could draft.
    func model(for job: Job, _ sequence: ActiveSequence, limit: Int) -> (NodeHandle, Int)? {
        guard job.submit.drafterKind != .lookup, let drafter = drafter(for: job, sequence), let node = nodes[drafter]
        else { return nil }
        return (drafter, min(limit, Int(node.hello.contextLength) - sequence.base))
    }
}

extension ActiveSequence {
    /// At most `limit` tokens that lookup drafts, up to the first end token: nothing comes behind one.
    func copied(upTo limit: Int) -> ArraySlice<Token> {
        guard let found = lookup?.draft(upTo: limit) else { return [] }
        guard let end = found.firstIndex(where: { spec.guardTokens.contains($0) }) else { return found }
        return found[...end]
    }
}

extension RoundDraft {
    /// A draft that was looked up: each row has all its mass on the token, and no model's confidence.
    init(lookup tokens: ArraySlice<Token>) {
        source = .lookup
        positions = tokens.map { DraftedPosition(token: $0, row: Distribution(oneHot: $0), gate: .lookup) }
    }

    /// How much the expert judged of the draft, and how it fared. The expert's word on each judged position says how
    /// likely its token was to be accepted, which is less noisy than whether it was.
    ///
    /// Where a drafter stopped early behind tokens that were all accepted, the token that was asked for next counts as
    /// rejected: asking for it did not pay. Behind a rejection a stop says nothing, it depends on tokens that were not
    /// committed (decisions.md 2).
    func judgement(_ outcome: RoundOutcome, _ evidence: [Evidence]) -> (accepted: Double, judged: Int) {
        let judged = outcome.accepted + outcome.recovered
        let accepted = evidence.prefix(judged).reduce(0) { $0 + max(0, 1 - $1.rejectMass) }
        let isStopJudged = isStoppedEarly && outcome.accepted == positions.count
        return (accepted, isStopJudged ? judged + 1 : judged)
    }
}
