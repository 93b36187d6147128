/// Which cascade rule judges a sequence's drafts, and how: part of the sequence's spec.
package struct RuleSettings: Equatable, Sendable {
    /// The rule; see `CascadeRules` for the law of each.
    package enum Rule: String, CaseIterable, Sendable {
        /// The expert's own law, exactly: speculative sampling.
        case lossless
        /// Keep a position while the drafter is confident: max q >= 1 - alpha.
        case chow
        /// Keep a token within the expert's head, p(x) >= (1 - alpha) max p; else weigh the tail down (paper, eq. 15).
        case tokenV3 = "token-v3"
        /// Keep a token within the expert's head, else judge it losslessly.
        case tokenLT = "token-lt"

        /// Whether it reads the gate at all.
        package var readsGate: Bool { self != .lossless }

        /// The knob's value where the user names none; nil for a rule without a knob.
        package var defaultAlpha: Double? {
            switch self {
            case .lossless: nil
            case .chow: 0.2
            case .tokenV3: 0.3
            case .tokenLT: 0.3
            }
        }
    }

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
    }

    /// The rule.
    package var rule: Rule
    /// The rule's knob; 0 and unused for `lossless`.
    package var alpha: Double
    /// Which rows the gate reads.
    package var gate: Gate
    /// Where the token after a fully accepted draft comes from.
    package var bonus: Bonus
    /// How a draft is walked.
    package var verifyMethod: VerifyMethod
    /// Positions of the answer, from its first token, that are judged losslessly whatever the rule.
    package var strictPrefixTokens: Int

    /// Creates settings; `alpha` defaults to the rule's own default.
    package init(
        rule: Rule = .lossless,
        alpha: Double? = nil,
        gate: Gate = .raw,
        bonus: Bonus = .target,
        verifyMethod: VerifyMethod = .rejection,
        strictPrefixTokens: Int = 0
    ) {
        self.rule = rule
        self.alpha = alpha ?? rule.defaultAlpha ?? 0
        self.gate = gate
        self.bonus = bonus
        self.verifyMethod = verifyMethod
        self.strictPrefixTokens = strictPrefixTokens
    }

    /// What is wrong with the settings under `sampling`, in words for the user; nil when they are sound.
    package func problem(sampling: SamplingSettings) -> String? {
        guard alpha.isFinite else { return "alpha must be a finite number, not \(alpha)" }
        if rule != .lossless, !(0...1).contains(alpha) {
            return "alpha of rule \(rule.rawValue) must be between 0 and 1, not \(alpha)"
        }
        if gate == .processed, sampling.isGreedy, rule != .lossless {
            return "gate processed keeps every draft at temperature 0, where rows are one-hot: use gate raw"
        }
        guard strictPrefixTokens >= 0 else { return "strict prefix tokens must not be negative" }
        return nil
    }
}
