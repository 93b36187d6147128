internal import CascadeCoordinator
package import CascadeCore
internal import CascadeHost
package import CascadeNode

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

/// What `cascade bench pair` measured, as JSON and people see it.
package struct PairReport: Encodable {
    /// One point of a cost curve.
    struct Cost: Encodable {
        /// Rows of a pass.
        var rows: UInt32
        /// Median time of a pass.
        var ms: Double
    }

    /// One way to answer.
    struct Variant: Encodable {
        /// `expert-only`, `lossless` or `adaptive`.
        var name: String
        /// Tokens drafted per round; null where that follows costs and acceptance.
        var numSpeculativeTokens: Nullable<UInt32>
        /// Tokens of all answers.
        var tokens: Int
        /// Those of them behind each answer's first tokens, and the seconds that they took.
        var timedTokens: Int
        var seconds: Double
        /// Their rate; null where there are none.
        var tokensPerSecond: Nullable<Double>
        /// That rate over the expert's own.
        var speedup: Nullable<Double>
        /// Share of drafted tokens that were committed; null without drafts.
        var draftAcceptanceRate: Nullable<Double>
        /// Tokens per drafted round, the expert's own included; null without drafts.
        var meanAcceptanceLength: Nullable<Double>
        /// Share of all tokens that lookup drafted and the expert accepted: what the answers copied.
        var copiedShare: Double
        /// Rounds, with or without a draft.
        var rounds: UInt64
        /// Whether all answers have the tokens of the expert alone.
        var tokensEqual: Bool
    }

    /// The files.
    var drafter: String
    var expert: String
    /// Version and commit of this program.
    var build: String
    /// The kernel set.
    var kernels: String
    /// Compute threads of each engine.
    var threads: Int
    /// Prompts answered in every way.
    var prompts: Int
    /// Cost curves, measured before the first prompt.
    var drafterCosts: [Cost]
    var expertCosts: [Cost]
    /// One entry for each way, the expert alone first.
    var variants: [Variant]
    /// Whether all answers have the tokens of the expert alone.
    package var tokensEqual: Bool

    /// Sets the report up from what was measured; the first outcome is the expert alone.
    ///
    /// - Parameter build: version and commit of this program.
    package init(
        settings: LocalPair.Settings,
        pair: LocalPair,
        prompts: Int,
        build: String,
        outcomes: [PairBenchmark.Outcome]
    ) {
        drafter = settings.drafter
        expert = settings.expert
        self.build = build
        kernels = pair.kernels
        threads = settings.threads
        self.prompts = prompts
        drafterCosts = pair.drafterCosts.map { Cost(rows: $0.rows, ms: $0.milliseconds) }
        expertCosts = pair.expertCosts.map { Cost(rows: $0.rows, ms: $0.milliseconds) }
        let plain = outcomes.first?.tokensPerSecond
        variants = outcomes.map { outcome in
            let speed = outcome.tokensPerSecond
            return Variant(
                name: outcome.variant.name,
                numSpeculativeTokens: Nullable(outcome.variant.draftLength.count),
                tokens: outcome.tokens,
                timedTokens: outcome.timedTokens,
                seconds: outcome.seconds,
                tokensPerSecond: Nullable(speed),
                speedup: Nullable(speed.flatMap { speed in plain.map { speed / $0 } }),
                draftAcceptanceRate: Nullable(outcome.counts.draftAcceptanceRate),
                meanAcceptanceLength: Nullable(outcome.counts.meanAcceptanceLength),
                copiedShare: Double(outcome.counts.lookupAccepted) / Double(max(1, outcome.tokens)),
                rounds: outcome.counts.rounds,
                tokensEqual: outcome.unequalAnswers == 0
            )
        }
        tokensEqual = variants.allSatisfy(\.tokensEqual)
    }

    /// The same for people.
    package var text: String {
        func number(_ value: Nullable<Double>, _ decimals: Int) -> String {
            value.value.map { decimalText($0, decimals) } ?? "-"
        }
        func curve(_ costs: [Cost]) -> String {
            costs.map { "\($0.rows): \(decimalText($0.ms, 1))" }.joined(separator: ", ")
        }
        let titles = [
            "WAY", "DRAFT", "TOKENS", "TOKENS/S", "SPEED-UP", "ACCEPTED", "MEAN LENGTH", "COPIED", "ROUNDS", "EQUAL",
        ]
        let lines = variants.map { variant in
            [
                variant.name, variant.numSpeculativeTokens.value.map(String.init) ?? "auto", "\(variant.tokens)",
                number(variant.tokensPerSecond, 2), number(variant.speedup, 2), number(variant.draftAcceptanceRate, 3),
                number(variant.meanAcceptanceLength, 2), decimalText(variant.copiedShare, 3),
                "\(variant.rounds)", variant.tokensEqual ? "yes" : "NO",
            ]
        }
        return """
            drafter \(drafter), ms by rows \(curve(drafterCosts))
            expert \(expert), ms by rows \(curve(expertCosts))
            cascade \(build), kernels \(kernels), \(plural(threads, "thread")) each, \(plural(prompts, "prompt")), \
            greedy

            \(Table.text([titles] + lines))
            """
    }
}

extension DraftLength {
    /// The fixed count; nil where it adapts.
    fileprivate var count: UInt32? {
        if case .fixed(let count) = self { count } else { nil }
    }
}
