import CascadeCore
import CascadeRules
import OrderedCollections

/// The sequential baselines: drafter and expert one after the other, without a draft that is judged.
///
/// `token-cascade`: what a drafter was confident of is committed as it is; where it stopped, the next token is the
/// expert's. `sequential-chow`: the same with a drafter that never stops, and the answer is shown to nobody until it
/// has ended and its confidence is known; if that is too low, the sequence goes back to its prompt and the expert
/// answers.
extension CoordinatorStateMachine {
    /// Plans the next step of a job under a sequential baseline.
    mutating func sequentialPlan(_ job: Job, _ sequence: ActiveSequence) -> DraftPlan {
        if sequence.isExpertsTurn || job.draftLength == .fixed(0) || sequence.spec.isStrict(position: sequence.base) {
            return .none
        }
        var limit = min(limits.job.draftTokens, sequence.remaining)
        if case .fixed(let count) = job.draftLength { limit = min(limit, Int(count)) }
        if let (drafter, most) = model(for: job, sequence, limit: limit) { return .ask(drafter, count: most) }
        if mayDraftLater(job, sequence) { return .wait }
        if sequence.isProvisional { discardProvisional(job.id) }
        return .none
    }

    /// Whether a drafter is only busy: it may take the job when others have ended.
    private func mayDraftLater(_ job: Job, _ sequence: ActiveSequence) -> Bool {
        guard now >= sequence.draftNotBefore else { return false }
        return nodes.values.contains { node in
            node.hello.role == .drafter && node.hello.pool == job.submit.pool && node.state == .ready
                && node.hello.samplingVersion >= job.submit.samplingVersion && !isShunned(node)
                && Int(node.hello.contextLength) > sequence.base
                && min(sequence.need.most, Int(node.hello.contextLength)) <= node.hello.kvTokens
        }
    }

    /// Commits what a drafter said, without an expert.
    mutating func commitUnjudged(_ draft: RoundDraft, _ id: JobID) {
        jobs.changeSequence(of: id) { $0.noteUnjudged(draft) }
        commit(JudgedRound(outcome: RoundOutcome(unjudged: draft.positions.map(\.token)), draft: draft), id)
    }

    /// An answer that was held back has ended: whether it stands. If not, the expert begins anew.
    mutating func settleProvisional(_ id: JobID) -> Bool {
        guard let sequence = jobs[id]?.sequence, sequence.isProvisional else { return true }
        if sequence.confidence.geometricMean >= 1 - sequence.spec.rule.alpha {
            jobs.changeSequence(of: id) { $0.confirm() }
            jobs.change(id) { [now] in $0.noteTokens(at: now) }
            addTotals(sequence.counts, of: sequence.spec.rule.rule)
            return true
        }
        discardProvisional(id)
        jobs.wait(id)
        return false
    }

    /// Takes back an answer that nobody has seen; from here on the expert answers alone.
    mutating func discardProvisional(_ id: JobID) {
        guard let job = jobs[id], let sequence = job.sequence, sequence.isProvisional else { return }
        for holding in sequence.holdings { withdraw(id, from: holding.node) }
        let counts = jobs.changeSequence(of: id) { sequence in
            sequence.restart(stop: job.submit.stop)
            return sequence.counts
        }
        if let counts { addTotals(counts, of: sequence.spec.rule.rule) }
        transitions.count(.answerDeferred)
    }
}

/// How sure a drafter was of what it wrote.
struct Confidence: Sendable {
    private var logarithms = 0.0
    private var count = 0

    mutating func add(_ maxima: [Double]) {
        for maximum in maxima { logarithms += Math.log(max(maximum, .leastNormalMagnitude)) }
        count += maxima.count
    }

    /// The geometric mean of the largest probabilities; 0 where nothing was written.
    var geometricMean: Double { count == 0 ? 0 : Math.exp(logarithms / Double(count)) }
}
