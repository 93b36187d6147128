import CascadeCore
import CascadeTestSupport
import Testing

/// What one exact law is taken of.
struct ToySetting: Sendable, CustomTestStringConvertible {
    var pair = ToyPair.halves
    var rule: RuleSettings
    var draftLength: DraftLength
    /// Most tokens of an answer.
    var limit: Int
    /// The drafter stops before a position whose largest probability is below this.
    var minimumConfidence = 0.0
    /// The drafter goes on behind an end token, as a lookup may.
    var draftsBehindEnds = false
    /// Without one, everything arrives once, in order.
    var fault: ToyFault?
    var bug: ToyWorker.Bug?
    /// A planted bug: keys lack the round's base.
    var lacksBase = false
    var expertCosts = [CostPoint(rows: 1, milliseconds: 10), CostPoint(rows: 8, milliseconds: 14)]
    var drafterCosts = [CostPoint(rows: 1, milliseconds: 2)]

    init(
        _ rule: RuleSettings,
        _ bonus: RuleSettings.Bonus,
        _ method: RuleSettings.VerifyMethod = .rejection,
        _ draftLength: DraftLength,
        limit: Int
    ) {
        self.rule = rule
        self.rule.bonus = bonus
        self.rule.verifyMethod = method
        self.draftLength = draftLength
        self.limit = limit
    }

    var submit: Submit {
        Submit(
            requestID: 1,
            submitKey: Hash128(high: 1, low: 1),
            pool: "default",
            prompt: [97],
            format: .raw,
            sampling: SamplingSettings(temperature: 1),
            rule: rule,
            maxTokens: UInt32(limit),
            seed: 1,
            draftLength: draftLength,
            drafterKind: .model,
            draftMinimumConfidence: minimumConfidence
        )
    }

    var testDescription: String {
        "\(rule.rule.rawValue) bonus \(rule.bonus) \(rule.verifyMethod) \(draftLength) limit \(limit)"
            + (fault.map { " \($0)" } ?? "")
    }
}
