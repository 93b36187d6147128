import CascadeCore
import CascadeTestSupport
import Testing

/// What one exact law is taken of.
struct ToySetting: Sendable, CustomTestStringConvertible {
    var pair = ToyPair.halves
    var rule: RuleSettings
    var sampling = SamplingSettings(temperature: 1)
    /// What constrains the answer.
    var mask: ToyMask?
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
            sampling: sampling,
            rule: rule,
            maxTokens: UInt32(limit),
            seed: 1,
            draftLength: draftLength,
            drafterKind: .model,
            draftMinimumConfidence: minimumConfidence,
            constraint: mask?.constraint
        )
    }

    var testDescription: String {
        "\(rule.rule.rawValue) bonus \(rule.bonus) \(rule.verifyMethod) \(draftLength) limit \(limit)"
            + (fault.map { " \($0)" } ?? "")
    }
}

/// The rows behind an answer, worked out afresh from the published formulas of penalties and bias.
extension ToySetting {
    /// Every answer's prompt.
    static let prompt: [Token] = [0]

    /// Penalties and bias under which the toy pairs' rows stay exact in single precision: they take halves and squares.
    static let penalties = SamplingSettings(
        temperature: 1,
        presencePenalty: Math.log(2),
        frequencyPenalty: Math.log(2),
        repetitionPenalty: 2,
        logitBias: [LogitBias(token: 1, bias: Math.log(2)), LogitBias(token: 2, bias: -Math.log(2))]
    )

    /// The law of the position behind prompt and answer, as a node sees it whose round began behind `base` tokens.
    func reference(behind text: [Token], base: Int) -> Reference {
        let committed = base - Self.prompt.count
        return reference(
            behind: Array(text.dropFirst(Self.prompt.count)),
            penalised: bug == .penalisesCommitted ? committed : nil,
            masked: bug == .masksCommitted ? committed : nil
        )
    }

    /// The law of the position behind an answer; where these are given, if penalties saw only `penalised` of its
    /// tokens, or the constraint only `masked`.
    func reference(behind answer: [Token], penalised: Int? = nil, masked: Int? = nil) -> Reference {
        var one = pair.reference(
            after: answer.last ?? Self.prompt[0],
            settings: rule,
            strict: answer.count < rule.strictPrefixTokens
        )
        guard sampling != SamplingSettings(temperature: 1) || mask != nil else { return one }
        let counted = Array(answer.prefix(penalised ?? answer.count))
        let allowed = mask?.allowed(behind: Array(answer.prefix(masked ?? answer.count)))
        func changed(_ row: [Double]) -> [Double] { self.masked(adjusted(row, behind: counted), allowed) }
        (one.p, one.q) = (changed(one.p), changed(one.q))
        (one.gateP, one.gateQ) = (changed(one.gateP), changed(one.gateQ))
        let largest = one.gateQ.max() ?? 0
        one.gate.maximum = largest
        one.gate.argmax = Token(one.gateQ.firstIndex(of: largest) ?? 0)
        one.gate.entropy = entropy(one.gateQ)
        return one
    }

    /// What is left of a row of the tokens that are allowed: nothing where it has none of them.
    private func masked(_ row: [Double], _ allowed: Set<Token>?) -> [Double] {
        guard let allowed else { return row }
        let kept = row.indices.map { allowed.contains(Token($0)) ? row[$0] : 0 }
        let total = kept.reduce(0, +)
        return total > 0 ? kept.map { $0 / total } : kept
    }

    /// The probabilities that are left of a row whose logits are the logarithms of its own: none of them is positive.
    private func adjusted(_ row: [Double], behind answer: [Token]) -> [Double] {
        guard sampling != SamplingSettings(temperature: 1) else { return row }
        let weights = row.indices.map { index -> Double in
            let token = Token(index)
            let count = answer.count { $0 == token }
            guard row[index] > 0 else { return 0 }
            var logit = Math.log(row[index])
            if count > 0 || Self.prompt.contains(token) { logit *= sampling.repetitionPenalty }
            logit -= Double(count) * sampling.frequencyPenalty
            if count > 0 { logit -= sampling.presencePenalty }
            for entry in sampling.logitBias where entry.token == token { logit += entry.bias }
            return Double(Float(Math.exp(logit)))
        }
        let total = weights.reduce(0, +)
        return weights.map { $0 / total }
    }
}
