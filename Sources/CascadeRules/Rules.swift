package import CascadeCore

/// The cascade rules: when a drafted token stands, and which token takes its place.
///
/// Rules are those of "Faster Cascades via Speculative Decoding" (Narasimhan et al., 2025) and neighbours
/// (`RuleSettings.Rule` lists them). Write q for the drafter's row, p for the expert's, and gate p, gate q for what the
/// rule reads of each. Every rule is a set K of tokens that stand, all or none of them for some, and a way to judge the
/// others (`RuleTraits.Kind`), or a coin alone.
///
/// If the expert's most likely token is an end token the position is lossless, and an end token never stands
/// (decisions.md 4). ``law(p:gateP:draft:spec:position:)`` is the only code that knows a rule's law, and `KeptSet` the
/// only one that knows its K; the drafter, the expert and the coordinator each have their part in an extension.
package enum Rules {
    /// The law of the token that is emitted at `position`.
    ///
    /// - Parameters:
    ///   - p: The expert's processed row.
    ///   - gateP: What the gate reads of the expert; its probabilities are parallel to the draft's row.
    ///   - draft: The drafted position. Of its token only the gate probability is used, as an anchor of the others'.
    ///   - spec: The rule, the guard set and the sampling in force.
    ///   - position: Index in the sequence; the answer's first positions may be strict.
    package static func law(
        p: Distribution,
        gateP: GateRow,
        draft: DraftedPosition,
        spec: SequenceSpec,
        position: Int
    ) -> Law {
        let q = draft.row
        precondition(gateP.probabilities.count == q.tokens.count, "a gate row belongs to one drafter's row")
        let expertOnDraft = q.tokens.map(p.probability(of:))
        let variation = q.tokens.indices.reduce(0) { $0 + max(0, q.probability(at: $1) - expertOnDraft[$1]) }
        let expert = KeptSet.Expert(
            maximum: gateP.maximum,
            argmax: gateP.argmax,
            entropy: gateP.entropy,
            favouriteProbability: gateP.favouriteProbability,
            variation: variation
        )
        let readsDraftOfToken = spec.rule.rule.traits.reads.contains(.q)
        let set = KeptSet(expert: expert, draft: draft.gate, spec: spec, position: position)
        let kept = q.tokens.indices.map { index in
            set.contains(
                KeptSet.Candidate(
                    token: q.tokens[index],
                    probability: expertOnDraft[index],
                    gateProbability: gateP.probabilities[index],
                    isInTop: gateP.isInTop.isEmpty ? false : gateP.isInTop[index],
                    draftProbability: readsDraftOfToken ? draftGate(at: index, draft, spec) : 0
                )
            )
        }
        return Law(
            form: set.form,
            expert: p,
            draft: q,
            kept: kept,
            expertOnDraft: expertOnDraft,
            variation: variation
        ) { index, p, q in
            guard set.admits(draft.row.tokens[index], p) else { return p }
            return switch set.rule {
            case .lossy: p / (1 - spec.rule.alpha)
            case .ensemble: p >= q ? q : spec.rule.alpha * p + (1 - spec.rule.alpha) * q
            default: p
            }
        }
    }

    /// The drafter's gate probability of an entry of its row.
    ///
    /// Only the drafted token's travels. With temperature T, q(v) is proportional to gate q(v)^(1/T) on the row's
    /// support, so the others follow from it: gate q(v) = gate q(x) (q(v) / q(x))^T.
    private static func draftGate(at index: Int, _ draft: DraftedPosition, _ spec: SequenceSpec) -> Double {
        let (row, anchor) = (draft.row, draft.gate.probability)
        guard row.tokens[index] != draft.token else { return anchor }
        let exponent = spec.rule.gate == .raw ? spec.sampling.temperature : 1
        let drafted = row.probability(of: draft.token)
        guard drafted > 0 else { return 0 }
        return anchor * Math.exp(exponent * Math.log(row.probability(at: index) / drafted))
    }
}
