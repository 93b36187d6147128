package import CascadeCore

/// Two language models over four tokens, the last of which ends a text. A row depends on the token before it.
package struct ToyPair: Sendable {
    /// The expert's processed rows, in eighths like the others, by the token before.
    package var expert: [[Double]]
    /// The expert's raw rows.
    package var raw: [[Double]]
    /// The drafter's rows.
    package var drafter: [[Double]]
    /// Rows are one-hot on the raw row's argmax.
    package var isGreedy = false

    /// Ends a text.
    package static let end: Token = 3

    /// Number of tokens.
    package static let count = 4

    /// Behind 0 all is mixed; behind 1 the processed row lacks a token that the raw row likes; behind 2 the expert
    /// would end, so that no rule may keep anything.
    package static let eighths = ToyPair(
        expert: [[1, 3, 3, 1], [0, 3, 4, 1], [1, 2, 2, 3]],
        raw: [[1, 3, 3, 1], [3, 3, 1, 1], [1, 2, 2, 3]],
        drafter: [[2, 4, 2, 0], [2, 4, 0, 2], [0, 2, 4, 2]]
    )

    /// Drafter's rows in halves, so that few draws are possible and long texts can be enumerated.
    package static let halves = ToyPair(
        expert: [[2, 4, 0, 2], [0, 2, 4, 2], [2, 0, 2, 4]],
        raw: [[2, 4, 0, 2], [0, 2, 4, 2], [2, 0, 2, 4]],
        drafter: [[4, 4, 0, 0], [0, 4, 0, 4], [4, 0, 4, 0]]
    )

    /// The drafter is the expert.
    package static let twins = ToyPair(
        expert: [[2, 4, 0, 2], [0, 2, 4, 2], [2, 0, 4, 2]],
        raw: [[2, 4, 0, 2], [0, 2, 4, 2], [2, 0, 4, 2]],
        drafter: [[2, 4, 0, 2], [0, 2, 4, 2], [2, 0, 4, 2]]
    )

    /// Dense probabilities behind `token`; behind an end token whatever, as nothing is committed there.
    package func expertRow(after token: Token) -> [Double] {
        processed(expert[Int(token) % 3], by: raw[Int(token) % 3])
    }
    /// The expert's raw row behind `token`.
    package func rawRow(after token: Token) -> [Double] { raw[Int(token) % 3].map { $0 / 8 } }
    /// The drafter's raw row behind `token`.
    package func rawDraftRow(after token: Token) -> [Double] { drafter[Int(token) % 3].map { $0 / 8 } }
    /// The drafter's row behind `token`.
    package func draftRow(after token: Token) -> [Double] {
        processed(drafter[Int(token) % 3], by: drafter[Int(token) % 3])
    }
    /// The drafter's largest probability behind `token`, before temperature.
    package func draftMaximum(after token: Token) -> Double { (drafter[Int(token) % 3].max() ?? 0) / 8 }

    /// What gates read of the drafter behind `token`; the probability of a drafted token is left to the caller.
    package func draftGate(after token: Token) -> DraftGate {
        let row = drafter[Int(token) % 3].map { $0 / 8 }
        let largest = row.max() ?? 0
        return DraftGate(maximum: largest, argmax: Token(row.firstIndex(of: largest) ?? 0), entropy: entropy(row))
    }

    private func processed(_ weights: [Double], by raw: [Double]) -> [Double] {
        guard isGreedy else { return weights.map { $0 / 8 } }
        let argmax = raw.firstIndex(of: raw.max() ?? 0)
        return raw.indices.map { $0 == argmax ? 1 : 0 }
    }

    /// The law of the position behind `token`.
    package func reference(after token: Token, settings: RuleSettings, strict: Bool) -> Reference {
        Reference(
            p: expertRow(after: token),
            q: draftRow(after: token),
            gateP: rawRow(after: token),
            gateQ: drafter[Int(token) % 3].map { $0 / 8 },
            gate: draftGate(after: token),
            settings: settings,
            guardTokens: [Self.end],
            strict: strict,
            greedy: isGreedy
        )
    }
}
