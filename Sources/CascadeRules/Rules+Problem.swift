package import CascadeCore

/// What a peer says is checked before it is used; each function says what is wrong in words, nil when nothing is.
extension Rules {
    /// What is wrong with a drafted position.
    package static func problem(draft: DraftedPosition, vocabularyCount: Int) -> String? {
        // The ids of a row ascend, so its last is its largest.
        if let last = draft.row.tokens.last, last >= vocabularyCount {
            return "row has token \(last) but the vocabulary ends at \(vocabularyCount - 1)"
        }
        guard draft.row.index(of: draft.token) != nil else {
            return "drafted token \(draft.token) is not in the row it was drawn from"
        }
        guard draft.gate.argmax < vocabularyCount else {
            return "gate argmax \(draft.gate.argmax) is outside the vocabulary of \(vocabularyCount) tokens"
        }
        for (name, value) in [("gate maximum", draft.gate.maximum), ("gate probability", draft.gate.probability)]
        where !probabilities.contains(value) {
            return "\(name) must be between 0 and 1, not \(value)"
        }
        guard entropies(vocabularyCount).contains(draft.gate.entropy) else {
            return "gate entropy must be at most the logarithm of the vocabulary, not \(draft.gate.entropy)"
        }
        return nil
    }

    /// What is wrong with the evidence for one drafted position.
    package static func problem(evidence: Evidence, draft: DraftedPosition, vocabularyCount: Int) -> String? {
        let shares = [
            ("probability", evidence.probability),
            ("gate probability", evidence.gateProbability),
            ("gate maximum", evidence.gateMaximum),
            ("favourite probability", evidence.favouriteProbability),
            ("variation", evidence.variation),
            ("block mass", evidence.blockMass),
            ("kept mass", evidence.keptMass),
            ("reject mass", evidence.rejectMass),
        ]
        for (name, value) in shares where !probabilities.contains(value) {
            return "\(name) of token \(draft.token) must be between 0 and 1, not \(value)"
        }
        guard evidence.ratio >= 0, evidence.ratio < .infinity else {
            return "ratio of token \(draft.token) must be finite and not negative, not \(evidence.ratio)"
        }
        guard entropies(vocabularyCount).contains(evidence.entropy) else {
            return "entropy must be at most the logarithm of the vocabulary, not \(evidence.entropy)"
        }
        for (name, token) in [("gate argmax", evidence.gateArgmax), ("residual token", evidence.residual)]
        where token >= vocabularyCount {
            return "\(name) \(token) is outside the vocabulary of \(vocabularyCount) tokens"
        }
        return nil
    }

    /// What is wrong with an expert's answer to a whole draft.
    package static func problem(
        evidence: [Evidence],
        bonus: Token?,
        draft: [DraftedPosition],
        vocabularyCount: Int
    ) -> String? {
        guard evidence.count == draft.count else {
            return "evidence for \(evidence.count) positions, but \(draft.count) were drafted"
        }
        if let bonus, bonus >= vocabularyCount {
            return "bonus token \(bonus) is outside the vocabulary of \(vocabularyCount) tokens"
        }
        for index in draft.indices {
            let words = problem(evidence: evidence[index], draft: draft[index], vocabularyCount: vocabularyCount)
            if let words { return "drafted position \(index): \(words)" }
        }
        return nil
    }

    /// Probabilities as engines compute them: a sum in single precision may end a little above 1.
    private static let probabilities = 0...(1 + 1e-5)

    /// Entropies in nats that rows over a vocabulary may have, as engines compute them.
    private static func entropies(_ vocabularyCount: Int) -> ClosedRange<Double> {
        -1e-3...Math.log(Double(vocabularyCount)) + 1e-3
    }
}
