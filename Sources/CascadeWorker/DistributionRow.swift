package import CascadeCore
package import CascadeRules

/// An output row that is known as a distribution: what models have that are no networks.
package struct DistributionRow: OutputRow {
    /// Before sampling settings.
    package var raw: Distribution
    /// What is sampled from, where that is neither `raw` nor, at temperature 0, its likeliest token.
    package var processed: Distribution?

    /// Creates a row.
    package init(raw: Distribution, processed: Distribution? = nil) {
        self.raw = raw
        self.processed = processed
    }

    package var maximumProbability: Double { raw.largestProbability }

    package func distribution(_ spec: SequenceSpec, support: Int?) -> Distribution {
        if let processed { return processed }
        guard spec.sampling.isGreedy else { return raw }
        var best = 0
        for index in raw.weights.indices where raw.weights[index] > raw.weights[best] { best = index }
        return Distribution(oneHot: raw.tokens[best])
    }

    package func gate(_ rule: RuleSettings, draft: DraftedPosition, processed: Distribution) -> GateRow {
        GateRow(rule.gate == .raw ? raw : processed, draft: draft, settings: rule)
    }

    package func draftGate(_ rule: RuleSettings, token: Token, processed: Distribution) -> DraftGate {
        DraftGate(rule.gate == .raw ? raw : processed, token: token, settings: rule)
    }

    /// Each of the two is a row of its own.
    package func adjusted(by adjustment: LogitsAdjustment) -> DistributionRow {
        DistributionRow(raw: raw.adjusted(by: adjustment), processed: processed?.adjusted(by: adjustment))
    }

    package func logprobs(
        of tokens: [Token],
        top limit: Int,
        _ spec: SequenceSpec
    ) -> (of: [RankedLogprob], top: [TopLogprob]) {
        let weights = raw.weights
        let order = weights.indices.sorted { left, right in
            weights[left] > weights[right] || (weights[left] == weights[right] && left < right)
        }
        let logTotal = Math.log(raw.total)
        func logprob(_ index: Int) -> Double { Logprobs.bounded(Math.log(Double(weights[index])) - logTotal) }
        let ranked = tokens.map { token in
            // A token that the row lacks has no probability, and its place is behind all that have some.
            guard let index = raw.index(of: token), let place = order.firstIndex(of: index) else {
                return RankedLogprob(Logprobs.least, rank: UInt32(order.count + 1))
            }
            return RankedLogprob(logprob(index), rank: UInt32(place + 1))
        }
        return (ranked, order.prefix(limit).map { TopLogprob(raw.tokens[$0], logprob($0)) })
    }
}
