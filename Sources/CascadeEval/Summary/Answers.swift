/// A run's records, by the way to answer and by the problem.
struct Answers {
    /// A way to answer, as records name it.
    struct Way: Hashable {
        var method: String
        var alpha: Double?
        var temperature: Double

        /// The expert alone at the same temperature.
        var expertAlone: Way { Way(method: EvalSetting.Kind.expertOnly.name, alpha: nil, temperature: temperature) }
    }

    /// The ways to answer, in the order of their first records by temperature.
    let order: [Way]
    private let records: [Way: [EvalRecord]]

    init(_ records: [EvalRecord]) {
        var order: [Way] = []
        var grouped: [Way: [EvalRecord]] = [:]
        for record in records {
            let way = Way(method: record.method, alpha: record.alpha, temperature: record.temperature)
            if grouped[way] == nil { order.append(way) }
            grouped[way, default: []].append(record)
        }
        // Temperature, baselines first, then by name and knob: the order in which a table reads best.
        let rank = Dictionary(uniqueKeysWithValues: EvalSetting.Kind.all.enumerated().map { ($1.name, $0) })
        self.order = order.sorted {
            ($0.temperature, rank[$0.method] ?? .max, $0.alpha ?? 0)
                < ($1.temperature, rank[$1.method] ?? .max, $1.alpha ?? 0)
        }
        self.records = grouped
    }

    /// All answers of a way, in the order of the run.
    func answers(_ way: Way) -> [EvalRecord] { records[way] ?? [] }

    /// The answers of a way by problem, the problems in order of their names.
    func byProblem(_ way: Way) -> [(problem: String, records: [EvalRecord])] {
        Dictionary(grouping: answers(way), by: \.problem)
            .map { ($0.key, $0.value.sorted { $0.sample < $1.sample }) }
            .sorted { $0.0 < $1.0 }
    }

    /// Each problem's share of passing samples; empty where answers have no tests.
    func passShares(_ way: Way) -> [(problem: String, value: Double)] {
        byProblem(way).compactMap { problem, records in
            let passed = records.compactMap(\.passed)
            return passed.isEmpty ? nil : (problem, Double(passed.count { $0 }) / Double(passed.count))
        }
    }

    /// Each problem's mean log-likelihood of a token; empty where it was not measured.
    func logLikelihoods(_ way: Way) -> [(problem: String, value: Double)] {
        byProblem(way).compactMap { problem, records in
            Self.mean(records.compactMap(\.logLikelihood)).map { (problem, $0) }
        }
    }

    /// Each problem's mean ROUGE-L with the expert's own answer. With several samples it is the expert's answer to the
    /// next sample, for the expert itself too: its own figure then says how alike two of its answers are, which is as
    /// much as any rule can reach. Empty without the expert's answers, and for the expert with one sample.
    func likeness(_ way: Way) -> [(problem: String, value: Double)] {
        let expert = Dictionary(uniqueKeysWithValues: byProblem(way.expertAlone).map { ($0.problem, $0.records) })
        return byProblem(way).compactMap { problem, records in
            guard let references = expert[problem] else { return nil }
            let values = records.enumerated().compactMap { index, record -> Double? in
                let reference = references[(index + 1) % references.count]
                guard reference.key != record.key else { return nil }
                return RougeL(candidate: record.text, reference: reference.text).fMeasure
            }
            return Self.mean(values).map { (problem, $0) }
        }
    }

    /// Milliseconds per token over all of `records`.
    static func millisecondsPerToken(_ records: [EvalRecord]) -> Double {
        let tokens = records.reduce(0) { $0 + $1.tokens.count }
        return records.reduce(0) { $0 + $1.milliseconds } / Double(max(1, tokens))
    }

    private static func mean(_ values: [Double]) -> Double? {
        values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
}
