import CascadeCore
import CascadeRules
import OrderedCollections

/// What the plan of a draft is made from, and when drafts wait for each other.
extension CoordinatorStateMachine {
    /// Plans the draft of a job's next round at `expert`.
    mutating func planDraft(_ job: Job, _ sequence: ActiveSequence, expert: NodeHandle) -> DraftPlan {
        if job.submit.rule.rule.isSequential { return sequentialPlan(job, sequence) }
        let decision = planner(job, sequence, expert: expert).decide()
        if decision.isPriced { transitions.count(decision.plan == .none ? .draftUnpaid : .draftLengthChosen) }
        if decision.isProbe, case .ask(let drafter, _) = decision.plan {
            nodes.change(drafter) { [now] in $0.countProbe(at: now) }
        }
        return decision.plan
    }

    private func planner(_ job: Job, _ sequence: ActiveSequence, expert: NodeHandle) -> DraftPlanner {
        // Behind a fully accepted draft comes the expert's token, unless the rule leaves it out.
        let room = job.submit.rule.bonus == .target ? sequence.remaining - 1 : sequence.remaining
        let (limit, isFixed) =
            switch job.draftLength {
            case .fixed(let count): (min(Int(count), room), true)
            case .adaptive: (isDraftingCostly(job, at: expert) ? 0 : min(DraftLengthPolicy.maximum, room), false)
            }
        let found = limit > 0 ? sequence.copied(upTo: limit) : []
        let needsDrafter = limit > 0 && (found.isEmpty || !isFixed)
        let drafter = needsDrafter ? plannedDrafter(job, sequence, limit: limit, expert) : nil
        let comparesCosts = !isFixed && (!found.isEmpty || drafter != nil)
        return DraftPlanner(
            limit: limit,
            isFixed: isFixed,
            found: found,
            drafter: drafter,
            rounds: comparesCosts ? nodes[expert]?.passCosts.map { policy(job, expert: expert, $0) } : nil,
            remaining: sequence.remaining,
            acceptance: sequence.acceptance,
            poolAcceptance: pools[job.submit.pool]?.acceptance.model,
            unmeasured: limits.unmeasuredDraftTokens
        )
    }

    /// Whether drafts would take their time from a prompt: while an expert reads one for another job its passes are
    /// full, each row that is drafted is one of the prompt's less, and a round without a draft has the fewest rows a
    /// token. A drafter on the same cores would also wait for one of these passes with each token.
    private func isDraftingCostly(_ job: Job, at expert: NodeHandle) -> Bool {
        requests.isReading(expert, except: job.id)
    }

    private func plannedDrafter(
        _ job: Job,
        _ sequence: ActiveSequence,
        limit: Int,
        _ expert: NodeHandle
    ) -> DraftPlanner.Drafter? {
        guard let (handle, most) = model(for: job, sequence, limit: limit) else { return nil }
        return describe(handle, most: most, for: job, sequence, expert: expert)
    }

    private func describe(
        _ handle: NodeHandle,
        most: Int,
        for job: Job,
        _ sequence: ActiveSequence,
        expert: NodeHandle
    ) -> DraftPlanner.Drafter? {
        guard let node = nodes[handle] else { return nil }
        return DraftPlanner.Drafter(
            handle: handle,
            most: most,
            costs: requests.isReading(handle, except: job.id) ? node.passCosts?.withPrompt : node.passCosts,
            sequences: load(of: handle).sequences + (sequence.drafter == handle ? 0 : 1),
            roundTrip: node.roundTrip.milliseconds,
            sharesCores: nodes[expert]?.hello.host == node.hello.host || node.hello.host.isEmpty,
            missing: sequence.base - sequence.holding(of: handle).length,
            needsProbe: node.needsProbe(at: now)
        )
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
        guard request.rows <= DraftPlanner.longestHeldTail, let costs = nodes[request.node]?.passCosts else {
            return now
        }
        let expected = Double(request.count) * costs.milliseconds(rows: load(of: request.node).sequences)
        return now.advanced(milliseconds: UInt64(min(4 * expected + 10, 1_000)))
    }

    /// Whether a draft should wait although its expert would take it: while the expert verifies one half of its
    /// sequences, the other half is drafted elsewhere, and all of them at once would leave one side idle in turn. The
    /// expert has work meanwhile. Only what it had before the draft came counts: those that do not draft come back at
    /// once and would keep it waiting for ever.
    func shouldHoldBack(_ job: Job, _ sequence: ActiveSequence, _ draft: RoundDraft, at expert: NodeHandle) -> Bool {
        guard draft.source == .model, !draft.positions.isEmpty, let costs = nodes[expert]?.passCosts,
            let handle = sequence.drafter, nodes[expert]?.hello.host != nodes[handle]?.hello.host
        else { return false }
        let inWork = requests.count { $0.node == expert && $0.number <= draft.lastRequest }
        guard inWork > 0, let drafter = describe(handle, most: 0, for: job, sequence, expert: expert),
            drafter.costs != nil
        else { return false }
        let rounds = policy(job, expert: expert, costs)
        guard 2 * inWork >= rounds.expertSequences else { return false }
        return rounds.with(drafter).prefersHalves(draft.positions.count)
    }

    /// The drafter that a model's draft would come from, and how many tokens it could draft.
    func model(for job: Job, _ sequence: ActiveSequence, limit: Int) -> (NodeHandle, Int)? {
        guard job.submit.drafterKind != .lookup, let drafter = drafter(for: job, sequence, limit: limit),
            let node = nodes[drafter]
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
