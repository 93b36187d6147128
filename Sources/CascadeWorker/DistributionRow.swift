package import CascadeConstraint
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
        return spec.sampling.isGreedy ? Distribution(oneHot: raw.likeliest) : raw
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

    /// Where truncation has left nothing that is allowed, the likeliest token of the rest stands in for it: nothing is
    /// truncated before it is masked.
    package func masked(by mask: TokenMask) -> DistributionRow? {
        guard let raw = raw.masked(by: mask) else { return nil }
        guard let processed else { return DistributionRow(raw: raw) }
        return DistributionRow(raw: raw, processed: processed.masked(by: mask) ?? Distribution(oneHot: raw.likeliest))
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

extension Distribution {
    /// The likeliest token, of equals the lowest.
    fileprivate var likeliest: Token {
        var best = 0
        for index in weights.indices where weights[index] > weights[best] { best = index }
        return tokens[best]
    }

    /// What a mask leaves; nil where that is nothing.
    package func masked(by mask: TokenMask) -> Distribution? {
        let kept = tokens.indices.filter { mask.contains(tokens[$0]) }
        return Distribution(tokens: kept.map { tokens[$0] }, weights: kept.map { weights[$0] })
    }
}
