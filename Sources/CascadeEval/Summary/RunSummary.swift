/// What a run found, by the way to answer.
package struct RunSummary: Sendable {
    /// The models that answered.
    package let drafter: String
    package let expert: String
    /// One entry for each way to answer, in the order in which the run began with them.
    package let settings: [SettingSummary]
    /// Whether times are from answers that had the cluster for themselves.
    package let isTimedAlone: Bool

    /// Sums up a run's records.
    package init(_ records: [EvalRecord]) {
        drafter = records.first?.drafter ?? ""
        expert = records.first?.expert ?? ""
        let timed = records.filter { $0.phase == .latency }
        isTimedAlone = !timed.isEmpty
        let quality = Answers(records.filter { $0.phase == .quality })
        let latency = isTimedAlone ? Answers(timed) : quality
        settings = quality.order.map { Self.summary(of: $0, quality: quality, latency: latency) }
    }

    /// The temperatures in the order of the settings.
    package var temperatures: [Double] {
        settings.reduce(into: []) { if !$0.contains($1.temperature) { $0.append($1.temperature) } }
    }

    private static func summary(of way: Answers.Way, quality: Answers, latency: Answers) -> SettingSummary {
        let answers = quality.answers(way)
        let expert = way.expertAlone
        let byProblem = quality.byProblem(way)
        let tokens = answers.reduce(0) { $0 + $1.tokens.count }
        let drafted = answers.reduce(0) { $0 + $1.drafted }
        let perToken = Double(max(1, tokens))
        let timed = latency.answers(way)
        func share(_ count: (EvalRecord) -> UInt64, of total: Double) -> Double {
            Double(answers.reduce(0) { $0 + count($1) }) / total
        }
        return SettingSummary(
            method: way.method,
            alpha: way.alpha,
            temperature: way.temperature,
            problems: byProblem.count,
            passRate: answers.allSatisfy { $0.passed != nil }
                ? PassRate(byProblem.map { $0.records.map { $0.passed == true } }) : nil,
            logLikelihood: MeanInterval(quality.logLikelihoods(way).map(\.value)),
            likeness: MeanInterval(quality.likeness(way).map(\.value)),
            comparison: way == expert ? nil : comparison(way, with: expert, quality),
            tokens: Double(tokens) / Double(max(1, answers.count)),
            acceptance: drafted == 0 ? nil : share(\.accepted, of: Double(drafted)),
            relaxed: share(\.relaxed, of: perToken),
            expertPasses: share(\.expertPasses, of: perToken),
            seconds: MeanInterval(timed.map { $0.milliseconds / 1_000 }) ?? MeanInterval([.nan])!,
            millisecondsPerToken: Answers.millisecondsPerToken(timed),
            speedup: way == expert ? nil : speedup(way, over: expert, latency)
        )
    }

    /// Quality against the expert's own, on the problems that both answered.
    private static func comparison(_ way: Answers.Way, with expert: Answers.Way, _ answers: Answers)
        -> SettingSummary.Comparison?
    {
        let measures = [answers.passShares, answers.logLikelihoods, answers.likeness]
        for measure in measures {
            let reference = Dictionary(uniqueKeysWithValues: measure(expert).map { ($0.problem, $0.value) })
            let pairs = measure(way).compactMap { own in reference[own.problem].map { (own.value, $0) } }
            guard let difference = PairedDifference(first: pairs.map(\.0), second: pairs.map(\.1)) else { continue }
            let isBinary = pairs.allSatisfy { [0, 1].contains($0.0) && [0, 1].contains($0.1) }
            let hasTests = !answers.passShares(way).isEmpty
            return SettingSummary.Comparison(
                difference: difference,
                test: isBinary && hasTests
                    ? McNemarTest(first: pairs.map { $0.0 == 1 }, second: pairs.map { $0.1 == 1 }) : nil
            )
        }
        return nil
    }

    private static func speedup(_ way: Answers.Way, over expert: Answers.Way, _ answers: Answers) -> Double? {
        let reference = Dictionary(
            uniqueKeysWithValues: answers.byProblem(expert).map {
                ($0.problem, Answers.millisecondsPerToken($0.records))
            }
        )
        return Percentile.median(
            answers.byProblem(way).compactMap { own in
                reference[own.problem].map { $0 / Answers.millisecondsPerToken(own.records) }
            }
        )
    }
}
