internal import CascadeCore
internal import CascadeModel
internal import CascadeRules

extension LogitsRow {
    /// What the rule's gate reads of this row: the raw probabilities, or the processed row where the spec says so.
    func gate(_ gate: RuleSettings.Gate, draft: Distribution, processed: Distribution) -> GateRow {
        switch gate {
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
