internal import CascadeCore
import CascadeJSON

/// The parts that answers of all routes have: usage, and what speculation did.
enum AnswerBlocks {
    /// `usage`: the prompt of several samples counts once.
    static func usage(_ choices: [ChoiceState], samples: Int) -> JSONValue {
        let prompt = choices.filter { $0.index % samples == 0 }.reduce(0) { $0 + ($1.finished?.promptTokens ?? 0) }
        let completion = choices.reduce(0) { $0 + ($1.finished?.completionTokens ?? 0) }
        return [
            "prompt_tokens": .integer(prompt), "completion_tokens": .integer(completion),
            "total_tokens": .integer(prompt + completion),
        ]
    }

    /// `metrics`: what speculation did for all choices together, by vLLM's names.
    static func metrics(_ choices: [ChoiceState]) -> JSONValue {
        let counts = sum(choices)
        return [
            "speculative_decoding": [
                "mean_acceptance_length": .optional(counts.meanAcceptanceLength),
                "draft_acceptance_rate": .optional(counts.draftAcceptanceRate),
                "num_spec_steps": .integer(counts.draftedRounds),
                "num_draft_tokens": .integer(counts.drafted),
                "num_accepted_draft_tokens": .integer(counts.accepted),
                "acceptance_histogram": .array(counts.acceptanceHistogram.map(JSONValue.integer)),
            ]
        ]
    }

    /// `cascade`: the rule in force and what it did for all choices together; null where no choice is finished.
    static func cascade(_ choices: [ChoiceState]) -> JSONValue {
        guard let first = choices.lazy.compactMap(\.finished).first else { return .null }
        let counts = sum(choices)
        let length: JSONValue =
            switch first.draftLength {
            case .adaptive: .string(first.draftLength.text)
            case .fixed(let count): .integer(count)
            }
        var members: [(String, JSONValue)] = [
            ("rule", .string(first.rule.rule.rawValue)), ("alpha", .optional(first.rule.ownAlpha)),
            ("verify_method", .string(first.rule.verifyMethod.rawValue)), ("num_speculative_tokens", length),
            ("seed", .integer(first.seed)), ("jobs", .array(choices.map { .optional($0.accepted?.job) })),
        ]
        members += [
            ("drafted", counts.drafted), ("matched", counts.matched), ("kept", counts.kept),
            ("deferred", counts.deferred), ("recovered", counts.recovered), ("bonus", counts.bonus),
            ("discarded", counts.discarded), ("relaxed", counts.relaxed),
            ("unruled_positions", counts.unruledPositions), ("expert_passes", counts.expertRounds),
        ].map { ($0.0, JSONValue.integer($0.1)) }
        members.append(
            (
                "draft_sources",
                [
                    "model": .integer(counts.drafted - counts.lookupDrafted),
                    "lookup": .integer(counts.lookupDrafted),
                ]
            )
        )
        members.append(("synthetic", .bool(choices.contains { $0.finished?.isSynthetic == true })))
        return .object(members.map { JSONValue.Member(key: $0.0, value: $0.1) })
    }

    private static func sum(_ choices: [ChoiceState]) -> SpeculationCounts {
        var sum = SpeculationCounts()
        for counts in choices.compactMap({ $0.finished?.counts }) {
            sum.expertRounds += counts.expertRounds
            sum.draftedRounds += counts.draftedRounds
            sum.drafted += counts.drafted
            sum.kept += counts.kept
            sum.matched += counts.matched
            sum.recovered += counts.recovered
            sum.bonus += counts.bonus
            sum.discarded += counts.discarded
            sum.relaxed += counts.relaxed
            sum.unruledPositions += counts.unruledPositions
            sum.lookupDrafted += counts.lookupDrafted
            for (accepted, rounds) in counts.acceptanceHistogram.enumerated() {
                while sum.acceptanceHistogram.count <= accepted { sum.acceptanceHistogram.append(0) }
                sum.acceptanceHistogram[accepted] += rounds
            }
        }
        return sum
    }
}
