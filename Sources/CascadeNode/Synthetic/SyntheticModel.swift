internal import CascadeConstraint
internal import CascadeCore
internal import CascadeHost
internal import CascadeRules
internal import CascadeWorker
internal import Foundation

/// A model that makes its rows up (``SyntheticDistributions``). A pass lasts as long as a cost curve says, asleep: a
/// synthetic node leaves its core to others.
struct SyntheticModel: TokenModel {
    var caches = TokenCaches()
    private let role: NodeRole
    private let distributions: SyntheticDistributions
    private let costs: PassCosts?

    init(_ role: NodeRole, _ settings: SyntheticSettings) {
        self.role = role
        distributions = SyntheticDistributions(acceptance: settings.acceptance)
        costs = PassCosts(settings.costs)
    }

    mutating func forward(_ batch: [BatchEntry]) throws(ForwardError) -> Double {
        let started = MonotonicClock.now()
        try caches.append(batch)
        if let costs {
            let milliseconds = costs.milliseconds(rows: batch.reduce(0) { $0 + $1.tokens.count })
            let left = milliseconds / 1_000 - MonotonicClock.seconds(since: started)
            if left > 0 { Thread.sleep(forTimeInterval: left) }
        }
        return MonotonicClock.seconds(since: started) * 1_000
    }

    func row(_ row: Int, of entry: Int) -> SyntheticRow {
        SyntheticRow(distributions: distributions, role: role, prefix: caches.prefix(ofRow: row, entry: entry).hash)
    }
}

/// A row of a ``SyntheticModel``: whatever settings ask for is made up.
struct SyntheticRow: OutputRow {
    let distributions: SyntheticDistributions
    let role: NodeRole
    let prefix: Hash128
    /// What penalties and bias do to the row; a greedy one has no other token to go to.
    var adjustment: LogitsAdjustment?

    /// A drafter's confidence is that of a greedy one.
    var maximumProbability: Double { 1 }

    func distribution(_ spec: SequenceSpec, support: Int?) -> Distribution {
        let row = role == .expert ? distributions.expertRow(prefix, spec) : distributions.draftRow(prefix, spec)
        return adjustment.map(row.adjusted) ?? row
    }

    func gate(_ rule: RuleSettings, draft: DraftedPosition, processed: Distribution) -> GateRow {
        GateRow(processed, draft: draft, settings: rule)
    }

    func draftGate(_ rule: RuleSettings, token: Token, processed: Distribution) -> DraftGate {
        DraftGate(processed, token: token, settings: rule)
    }

    func adjusted(by adjustment: LogitsAdjustment) -> SyntheticRow {
        var row = self
        row.adjustment = adjustment
        return row
    }

    /// Never asked for: a synthetic model's tokens are no text.
    func masked(by mask: TokenMask) -> SyntheticRow? { nil }

    /// There are no logits: what is sampled from is all that the model has to say.
    func logprobs(
        of tokens: [Token],
        top limit: Int,
        _ spec: SequenceSpec
    ) -> (of: [RankedLogprob], top: [TopLogprob]) {
        DistributionRow(raw: distribution(spec, support: nil)).logprobs(of: tokens, top: limit, spec)
    }
}
