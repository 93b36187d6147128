/// What penalties and bias do to the logits behind one prefix, drafted tokens included: a function of the settings and
/// the prefix alone, so it is the same for a draft and its verification, in whatever passes and on whatever node.
///
/// The formulas are vLLM's (`apply_penalties` in vllm/model_executor/layers/utils.py), which has the repetition penalty
/// from CTRL (Keskar et al., 2019, arXiv 1909.05858, section 4.1), without its flaw at negative logits, and the other
/// two from OpenAI's API. Of a token that stands n times in the answer so far, in this order:
///
///     logit > 0 ? logit / repetition : logit * repetition    where the prompt or the answer has it
///     logit - frequency * n
///     logit - presence                                       where n > 0
///     logit + bias                                           where it has one
///
/// The bias comes last (decisions.md 8d): only the repetition penalty does not commute with it. The mask of an
/// ``OutputConstraint`` is one step more, behind the bias.
package struct LogitsAdjustment: Sendable {
    /// What happens to one token's logit.
    package struct Change: Sendable {
        /// The token.
        package let token: Token
        /// By what a positive logit is divided and another one multiplied.
        let repetition: Double
        /// What is taken off for how often it stands in the answer.
        let frequency: Double
        /// What is taken off because it stands there.
        let presence: Double
        /// What is added at the end.
        let bias: Double

        /// The logit that becomes of one.
        package func logit(_ logit: Double) -> Double {
            ((logit > 0 ? logit / repetition : logit * repetition) - frequency) - presence + bias
        }

        /// The same in single precision, rounded once; never infinite.
        package func logit(_ logit: Float) -> Float {
            let (adjusted, most) = (self.logit(Double(logit)), Double(Float.greatestFiniteMagnitude))
            // In this order what is no number becomes the least one.
            return Float(min(most, max(-most, adjusted)))
        }
    }

    private let settings: SamplingSettings
    /// The tokens that penalties touch, in the order they came, and how often each stands in the answer.
    private var tokens: [Token] = []
    private var counts: [Int] = []
    /// Where each of them is, for look-up only: it is never iterated.
    private var places: [Token: Int] = [:]

    /// What happens to the logits behind `prefix`, of which the first `promptLength` tokens are the prompt; nil where
    /// nothing does. O(prefix).
    package init?(_ settings: SamplingSettings, prefix: ArraySlice<Token>, promptLength: Int) {
        guard settings.adjustsLogits else { return nil }
        self.settings = settings
        guard settings.countsTokens else { return }
        if settings.repetitionPenalty != 1 {
            for token in prefix.prefix(promptLength) { add(token, 0) }
        }
        for token in prefix.dropFirst(promptLength) { add(token, 1) }
    }

    /// Goes on to the logits behind one more token of the answer. O(1).
    package mutating func append(_ token: Token) {
        if settings.countsTokens { add(token, 1) }
    }

    private mutating func add(_ token: Token, _ count: Int) {
        if let place = places[token] {
            counts[place] += count
        } else {
            places[token] = tokens.count
            tokens.append(token)
            counts.append(count)
        }
    }

    /// What happens to which tokens' logits: each once, all others stay. O(tokens that are touched).
    package var changes: [Change] {
        var changes: [Change] = []
        changes.reserveCapacity(tokens.count + settings.logitBias.count)
        for (token, count) in zip(tokens, counts) {
            changes.append(
                Change(
                    token: token,
                    repetition: settings.repetitionPenalty,
                    frequency: settings.frequencyPenalty * Double(count),
                    presence: count > 0 ? settings.presencePenalty : 0,
                    bias: settings.bias(of: token)
                )
            )
        }
        for entry in settings.logitBias where places[entry.token] == nil {
            changes.append(Change(token: entry.token, repetition: 1, frequency: 0, presence: 0, bias: entry.bias))
        }
        return changes
    }
}

extension SamplingSettings {
    /// What is added to a token's logit. O(log entries).
    fileprivate func bias(of token: Token) -> Double {
        var (low, high) = (0, logitBias.count)
        while low < high {
            let middle = (low + high) / 2
            if logitBias[middle].token < token { low = middle + 1 } else { high = middle }
        }
        return low < logitBias.count && logitBias[low].token == token ? logitBias[low].bias : 0
    }
}

extension Distribution {
    /// The row of a model whose logits are the logarithms of the probabilities here, once they are adjusted. A token
    /// that has no probability gets none, and one whose probability vanishes in single precision loses it. O(support).
    package func adjusted(by adjustment: LogitsAdjustment) -> Distribution {
        var logits = tokens.indices.map { Math.log(probability(at: $0)) }
        for change in adjustment.changes {
            guard let index = index(of: change.token) else { continue }
            logits[index] = change.logit(logits[index])
        }
        let largest = logits.reduce(-.infinity, max)
        // Weights need no sum: they are moved only where single precision has no room for them.
        let shift = abs(largest) > 40 ? largest : 0
        let weights = logits.map { Float(Math.exp($0 - shift)) }
        let kept = weights.indices.filter { weights[$0] > 0 }
        return Distribution(tokens: kept.map { tokens[$0] }, weights: kept.map { weights[$0] }) ?? self
    }
}
