internal import CascadeCore

/// K: the tokens that a rule lets stand at one position without a coin.
///
/// Membership of a token is decided from a handful of numbers that both the expert, who holds the row, and the
/// coordinator, who holds the evidence, have to the bit. So the two never disagree, and no one ships a set.
struct KeptSet {
    /// How the rule weighs what it does not keep.
    let form: Law.Form
    /// Whether nothing is kept here, whatever the token.
    private let isEmpty: Bool
    private let rule: RuleSettings.Rule
    /// Least probability, by the gate, of a kept token.
    private let threshold: Double
    private let guardTokens: [Token]
    private let isGreedy: Bool

    /// - Parameters:
    ///   - strict: Whether the position is judged losslessly whatever the rule.
    ///   - greedy: Whether the temperature is 0.
    ///   - gateMaximum: The expert's largest gate probability, and `gateArgmax` its token.
    ///   - draftMaximum: The drafter's largest gate probability; 0 where no model made the row (a lookup), which a rule
    ///     that reads the drafter judges losslessly.
    init(
        settings: RuleSettings,
        guardTokens: [Token],
        strict: Bool,
        greedy: Bool,
        gateMaximum: Double,
        gateArgmax: Token,
        draftMaximum: Double
    ) {
        rule = strict ? .lossless : settings.rule
        self.guardTokens = guardTokens
        isGreedy = greedy
        let guarded = guardTokens.contains(gateArgmax)
        switch rule {
        case .lossless:
            form = .ratio
            threshold = .infinity
            isEmpty = true
        case .chow:
            form = .set
            threshold = 0
            isEmpty = guarded || !(draftMaximum > 0 && draftMaximum >= 1 - settings.alpha)
        case .tokenV3, .tokenLT:
            form = rule == .tokenV3 ? .eta : .set
            threshold = (1 - settings.alpha) * gateMaximum
            isEmpty = guarded
        }
    }

    /// Whether `token` stands; `processed` and `gate` are its probabilities in the expert's two rows.
    ///
    /// A token that the expert cannot emit never stands, nor does a guarded one. What the expert can emit is the support
    /// of its processed row; at temperature 0, where that is one token by construction, of the gate's row.
    func contains(_ token: Token, processed: Double, gate: Double) -> Bool {
        if isEmpty || guardTokens.contains(token) { return false }
        // A NaN fails both comparisons, and the position is judged losslessly.
        return (isGreedy ? gate : processed) > 0 && gate >= threshold
    }
}
