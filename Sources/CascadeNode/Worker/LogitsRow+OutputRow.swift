package import CascadeConstraint
package import CascadeCore
package import CascadeModel
package import CascadeRules
internal import CascadeWorker

extension LogitsRow: OutputRow {
    /// The processed row, `distribution(_:support:)` of the engine.
    package func distribution(_ spec: SequenceSpec, support: Int?) -> Distribution {
        distribution(spec.sampling, support: support)
    }

    /// What the rule's gate reads of this row of the expert: the raw probabilities, or the processed row where the spec
    /// says so; nothing but the likeliest token where the rule reads no gate, which saves two passes over the row.
    package func gate(_ rule: RuleSettings, draft: DraftedPosition, processed: Distribution) -> GateRow {
        let tokens = draft.row.tokens
        guard rule.explains || rule.rule.readsGate else {
            return GateRow(maximum: 0, argmax: argmax, entropy: 0, probabilities: tokens.map { _ in 0 })
        }
        if rule.gate == .processed { return GateRow(processed, draft: draft, settings: rule) }
        let top = rule.wants(.top) ? Set(self.top(rule.topN).map(\.token)) : []
        return GateRow(
            maximum: maximumProbability,
            argmax: argmax,
            entropy: rule.wants(.entropyP) ? entropy() : 0,
            probabilities: tokens.map(probability(of:)),
            isInTop: top.isEmpty ? [] : tokens.map(top.contains),
            favouriteProbability: rule.wants(.favourite) ? probability(of: draft.gate.argmax) : 0
        )
    }

    /// What the rule's gate reads of this row of the drafter, where `token` is drawn from `processed`.
    package func draftGate(_ rule: RuleSettings, token: Token, processed: Distribution) -> DraftGate {
        guard rule.explains || rule.rule.readsDrafter, rule.gate == .raw else {
            return DraftGate(processed, token: token, settings: rule)
        }
        return DraftGate(
            maximum: maximumProbability,
            argmax: rule.wants(.favourite) ? argmax : 0,
            probability: rule.wants(.q) ? probability(of: token) : 0,
            entropy: rule.wants(.entropyQ) ? entropy() : 0
        )
    }

    /// The row of the tokens that are allowed.
    package func masked(by mask: TokenMask) -> LogitsRow? { masked(by: mask.words) }

    /// Read off the logits, whatever the spec's sampling.
    package func logprobs(
        of tokens: [Token],
        top limit: Int,
        _ spec: SequenceSpec
    ) -> (of: [RankedLogprob], top: [TopLogprob]) {
        let ranked = tokens.map { token in
            RankedLogprob(Logprobs.bounded(logProbability(of: token)), rank: UInt32(rank(of: token)))
        }
        return (ranked, top(limit).map { TopLogprob($0.token, Logprobs.bounded($0.logProbability)) })
    }
}
