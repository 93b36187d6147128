package import CascadeCore

/// The cascade rules: when a drafted token stands, and which token takes its place.
///
/// Rules are those of "Faster Cascades via Speculative Decoding" (Narasimhan et al., 2025) and neighbours. Write q for
/// the drafter's row, p for the expert's, and gate p, gate q for what the rule reads of each:
///
/// - `lossless`: nothing stands; pi = p.
/// - `chow`: the position stands if max gate q >= 1 - alpha (the paper's eq. 2).
/// - `token-v3`: x stands if gate p(x) >= (1 - alpha) max gate p; pi = q 1[K] + (1 - q(K)) p (eq. 15).
/// - `token-lt`: x stands if it does under `token-v3`; the others are judged losslessly.
///
/// If the expert's most likely token is an end token the position is lossless, and an end token never stands
/// (decisions.md 4). ``law(p:gateP:q:gateQ:settings:guardTokens:strict:greedy:)`` is the only code that knows a rule;
/// the drafter, the expert and the coordinator each have their part in an extension.
package enum Rules {
    /// The law of the token that is emitted at one position.
    ///
    /// - Parameters:
    ///   - p: The expert's processed row.
    ///   - gateP: What the gate reads of the expert; its probabilities are parallel to `q.tokens`.
    ///   - q: The row that the drafted token was sampled from.
    ///   - gateQ: The drafter's largest gate probability; 0 where no model made the row.
    ///   - settings: The rule and its knob.
    ///   - guardTokens: The guard set E.
    ///   - strict: Whether the position is judged losslessly whatever the rule.
    ///   - greedy: Whether the temperature is 0, where rows are one-hot: K is then cut to the gate's support.
    package static func law(
        p: Distribution,
        gateP: GateRow,
        q: Distribution,
        gateQ: Double,
        settings: RuleSettings,
        guardTokens: [Token],
        strict: Bool,
        greedy: Bool
    ) -> Law {
        precondition(gateP.probabilities.count == q.tokens.count, "a gate row belongs to one drafter's row")
        let set = KeptSet(
            settings: settings,
            guardTokens: guardTokens,
            strict: strict,
            greedy: greedy,
            gateMaximum: gateP.maximum,
            gateArgmax: gateP.argmax,
            draftMaximum: gateQ
        )
        let expertOnDraft = q.tokens.map(p.probability(of:))
        let kept = q.tokens.indices.map {
            set.contains(q.tokens[$0], processed: expertOnDraft[$0], gate: gateP.probabilities[$0])
        }
        return Law(form: set.form, expert: p, draft: q, kept: kept, expertOnDraft: expertOnDraft)
    }
}
