internal import CascadeCore
internal import CascadeModel
internal import CascadeRules

extension LogitsRow {
    /// What the rule's gate reads of this row: the raw probabilities, or the processed row where the spec says so; nothing
    /// but the likeliest token where the rule reads no gate, which saves two passes over the row.
    func gate(_ rule: RuleSettings, draft: Distribution, processed: Distribution) -> GateRow {
        guard rule.rule.readsGate else {
            let none = Array(repeating: 0.0, count: draft.tokens.count)
            return GateRow(maximum: 0, argmax: argmax, entropy: 0, probabilities: none)
        }
        return switch rule.gate {
        case .raw:
            GateRow(
                maximum: maximumProbability,
                argmax: argmax,
                entropy: entropy(),
                probabilities: draft.tokens.map(probability(of:))
            )
        case .processed: GateRow(processed, draft: draft)
        }
    }
}
