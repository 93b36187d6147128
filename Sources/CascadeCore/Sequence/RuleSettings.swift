/// Which cascade rule judges a sequence's drafts, and how: part of the sequence's spec.
package struct RuleSettings: Equatable, Sendable {
    /// Which rows the rule's gate reads.
    package enum Gate: String, CaseIterable, Sendable {
        /// Probabilities at temperature 1 before any truncation (the paper's own gate).
        case raw
        /// The rows that are sampled from.
        case processed
    }

    /// Where the token after a fully accepted draft comes from.
    package enum Bonus: String, CaseIterable, Sendable {
        /// From the expert's row behind the draft: one token more a round.
        case target
        /// Nowhere: the last drafted token is judged but not fed, so every token but a rejected one is the rule's.
        case rule
    }

    /// How a draft is walked.
    package enum VerifyMethod: String, CaseIterable, Sendable {
        /// Position by position with a coin and a residual draw.
        case rejection
        /// The draft as a whole (Sun et al., 2024): the same distribution with, on average, more accepted tokens.
        case block
        /// By shared random numbers: what is emitted does not depend on what was drafted (decisions.md 6).
        case coupled
    }

    /// The rule.
    package var rule: Rule
    /// The rule's knob; 0 and unused for `lossless`.
    package var alpha: Double
    /// The second knob of `typical`: the share of exp(-entropy) that a kept token needs at most.
    package var delta: Double
    /// The second knob of `top-k-delta`: among how many of the expert's likeliest tokens a kept token must be.
    package var topN: Int
    /// Which rows the gate reads.
    package var gate: Gate
    /// Where the token after a fully accepted draft comes from.
    package var bonus: Bonus
    /// How a draft is walked.
    package var verifyMethod: VerifyMethod
    /// Positions of the answer, from its first token, that are judged losslessly whatever the rule.
    package var strictPrefixTokens: Int
    /// Whether the client is told how each token came to be: nodes then send every number, those that the rule does not
    /// read too.
    package var explains: Bool

    /// Creates settings; `alpha` defaults to the rule's own default.
    package init(
        rule: Rule = .lossless,
        alpha: Double? = nil,
        delta: Double = SecondKnob.delta.standard,
        topN: Int = Int(SecondKnob.topN.standard),
        gate: Gate = .raw,
        bonus: Bonus = .target,
        verifyMethod: VerifyMethod = .rejection,
        strictPrefixTokens: Int = 0,
        explains: Bool = false
    ) {
        self.rule = rule
        self.alpha = alpha ?? rule.defaultAlpha ?? 0
        self.delta = delta
        self.topN = topN
        self.gate = gate
        self.bonus = bonus
        self.verifyMethod = verifyMethod
        self.strictPrefixTokens = strictPrefixTokens
        self.explains = explains
    }

    /// What is wrong with the settings under `sampling`, in words for the user; nil when they are sound.
    package func problem(sampling: SamplingSettings) -> String? {
        guard alpha.isFinite else { return "alpha must be a finite number, not \(alpha)" }
        if let range = rule.traits.alpha?.range, !range.contains(alpha) {
            let (least, most) = (range.lowerBound, range.upperBound)
            let words = most == .infinity ? "at least \(least)" : "between \(least) and \(most)"
            return "alpha of rule \(rule.rawValue) must be \(words), not \(alpha)"
        }
        for (knob, value, text) in [(SecondKnob.delta, delta, "\(delta)"), (.topN, Double(topN), "\(topN)")]
        where !knob.range.contains(value) {
            return "\(knob.name) must be \(knob.words), not \(text)"
        }
        if gate == .processed, sampling.isGreedy, rule.readsGate {
            return "gate processed keeps every draft at temperature 0, where distributions are one-hot: use gate raw"
        }
        if rule.needsCoin, sampling.isGreedy {
            return """
                rule \(rule.rawValue) does nothing at temperature 0, where distributions are one-hot: use token-v3, or \
                a temperature above 0
                """
        }
        guard strictPrefixTokens >= 0 else { return "strict prefix tokens must not be negative" }
        return nil
    }

    /// Whether nodes work out and send a number: where the rule reads it, or the job wants to be told.
    package func wants(_ input: RuleTraits.Inputs) -> Bool { explains || rule.traits.reads.contains(input) }

    /// The knob; nil where the rule has none.
    package var ownAlpha: Double? { rule.traits.alpha == nil ? nil : alpha }
}
