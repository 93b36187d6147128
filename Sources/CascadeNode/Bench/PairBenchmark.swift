internal import CascadeCoordinator
package import CascadeCore

/// Runs the same prompts through a ``LocalPair`` with the expert alone and with drafts of several lengths.
package struct PairBenchmark {
    /// One way to answer.
    package struct Variant: Hashable, Sendable {
        /// Tokens drafted per round; 0 is the expert alone.
        package var draftLength: DraftLength

        /// Creates a variant.
        package init(draftLength: DraftLength) {
            self.draftLength = draftLength
        }

        /// `expert-only`, `lossless` or `adaptive`.
        package var name: String {
            switch draftLength {
            case .fixed(0): "expert-only"
            case .fixed: "lossless"
            case .adaptive: "adaptive"
            }
        }
    }

    /// What came of a variant over all prompts.
    package struct Outcome: Sendable {
        /// The variant.
        package var variant: Variant
        /// What speculation did.
        package var counts = SpeculationCounts()
        /// Tokens of all answers.
        package var tokens = 0
        /// Those of them that count for the speed: what came after each answer's first tokens.
        package var timedTokens = 0
        /// Seconds that those took.
        package var seconds = 0.0
        /// Answers, and those of them whose tokens are not the expert's own.
        package var answers = 0
        package var unequalAnswers = 0

        /// Tokens per second; nil where nothing came after the first tokens.
        package var tokensPerSecond: Double? { timedTokens > 0 && seconds > 0 ? Double(timedTokens) / seconds : nil }
    }

    private let pair: LocalPair
    private let variants: [Variant]

    /// The expert alone comes first, whatever else is wanted.
    package init(pair: LocalPair, variants: [Variant]) {
        self.pair = pair
        let plain = Variant(draftLength: .fixed(0))
        self.variants = [plain] + variants.filter { $0 != plain }
    }

    /// Answers every prompt in every way. The order of the ways turns from prompt to prompt, so that none always comes
    /// first or last. `progress` is told the answers done.
    package func run(
        prompts: [String],
        format: PromptFormat,
        maximumTokens: Int,
        drafterKind: DrafterKind,
        progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws(NodeError) -> [Outcome] {
        var outcomes = variants.map { Outcome(variant: $0) }
        for (number, prompt) in prompts.enumerated() {
            var answers: [Int: LocalAnswer] = [:]
            for turn in variants.indices {
                let index = (turn + number) % variants.count
                answers[index] = try pair.answer(
                    prompt,
                    format: format,
                    maximumTokens: maximumTokens,
                    draftLength: variants[index].draftLength,
                    drafterKind: drafterKind
                )
                progress(number * variants.count + turn + 1, prompts.count * variants.count)
            }
            let expected = answers[0]?.tokens
            for (index, answer) in answers {
                outcomes[index].add(answer, isEqual: answer.tokens == expected)
            }
        }
        return outcomes
    }
}

extension PairBenchmark.Outcome {
    fileprivate mutating func add(_ answer: LocalAnswer, isEqual: Bool) {
        counts.add(answer.counts)
        tokens += answer.tokens.count
        timedTokens += answer.timedTokens
        seconds += answer.seconds
        answers += 1
        if !isEqual { unequalAnswers += 1 }
    }
}
