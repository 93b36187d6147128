package import CascadeCore
internal import CascadeHost

/// Seeks for each rule the loosest knob that keeps the expert's quality.
package struct Tuner {
    /// What a search found.
    package struct Result {
        /// For people.
        package var table: String
        /// What keeps the quality with the fewest expert passes; nil where nothing does.
        package var best: SettingSummary?
    }

    /// Gets the answers of a plan that the log has not.
    private let answer: (EvalPlan) async throws -> Void
    private let log: ResultLog
    private let plan: EvalPlan
    private let temperature: Double
    private let keep: Double
    private let note: (String) -> Void

    /// Creates a tuner.
    ///
    /// - Parameters:
    ///   - plan: the prompts; the ways to answer are filled in.
    ///   - keep: the share of the expert's quality to keep.
    ///   - note: takes a line for people about each step.
    ///   - answer: gets the answers of a plan that the log has not.
    package init(
        log: ResultLog,
        plan: EvalPlan,
        temperature: Double,
        keep: Double,
        note: @escaping (String) -> Void,
        answer: @escaping (EvalPlan) async throws -> Void
    ) {
        (self.log, self.plan, self.temperature, self.keep) = (log, plan, temperature, keep)
        (self.note, self.answer) = (note, answer)
    }

    /// Searches every rule's ladder of knobs, the strictest first.
    package func search(_ ladders: [(RuleSettings.Rule, [Double])]) async throws -> Result {
        let expert = try await measure(EvalSetting(.expertOnly, temperature: temperature))
        guard let reference = Self.quality(expert, isExpert: true), reference > 0 else {
            throw EvalError("the expert itself solves none of these problems: there is no quality to keep")
        }
        let bar = keep * reference
        note(
            "expert-only: quality \(decimalText(reference, 3)), to keep: \(decimalText(bar, 3))"
        )
        var rows = [["RULE", "ALPHA", "QUALITY", "PASSES/TOKEN", "ACCEPTED"]]
        rows.append(row("expert-only", expert, quality: reference))
        var winners: [SettingSummary] = []
        for (rule, ladder) in ladders {
            var found: [Double: SettingSummary] = [:]
            let alpha = try await LadderSearch.last(of: ladder) { alpha in
                let setting = EvalSetting(.rule(rule), alpha: alpha, temperature: temperature)
                let summary = try await measure(setting)
                found[alpha] = summary
                let quality = Self.quality(summary, isExpert: false) ?? 0
                note("\(setting.label): quality \(decimalText(quality, 3))")
                return quality >= bar
            }
            guard let alpha, let summary = found[alpha] else {
                rows.append([rule.rawValue, "none"])
                continue
            }
            rows.append(row(rule.rawValue, summary, quality: Self.quality(summary, isExpert: false) ?? 0))
            winners.append(summary)
        }
        return Result(table: Table.text(rows), best: winners.min { $0.expertPasses < $1.expertPasses })
    }

    private func measure(_ setting: EvalSetting) async throws -> SettingSummary {
        var plan = plan
        plan.settings = [setting]
        try await answer(plan)
        // The expert's answers come along: likeness compares with them.
        plan.settings.append(EvalSetting(.expertOnly, temperature: temperature))
        let keys = Set(plan.tasks(.quality).map(\.key))
        let summary = RunSummary(log.records.filter { keys.contains($0.key) })
        guard let found = summary.settings.first(where: { $0.method == setting.name && $0.alpha == setting.alpha })
        else {
            throw EvalError("no answers of \(setting.label)")
        }
        return found
    }

    /// pass@1, or the likeness to the expert's answers; the expert is as like itself as its samples are, and wholly
    /// where there is one.
    private static func quality(_ summary: SettingSummary, isExpert: Bool) -> Double? {
        summary.passRate?.mean ?? summary.likeness?.mean ?? (isExpert ? 1 : nil)
    }

    private func row(_ name: String, _ summary: SettingSummary, quality: Double) -> [String] {
        [
            name, summary.alpha.map { "\($0)" } ?? "", decimalText(quality, 3),
            decimalText(summary.expertPasses, 3),
            summary.acceptance.map { decimalText($0, 3) } ?? "",
        ]
    }
}

/// Finds how far a ladder can be climbed.
package enum LadderSearch {
    /// The last of `steps` that holds, found by bisection: holding is taken to end somewhere and not to come back. Nil
    /// if the first does not hold.
    package static func last<Step>(
        of steps: [Step],
        where holds: (Step) async throws -> Bool
    ) async throws -> Step? {
        var (known, refuted) = (-1, steps.count)
        while refuted - known > 1 {
            let middle = (known + refuted) / 2
            if try await holds(steps[middle]) { known = middle } else { refuted = middle }
        }
        return known < 0 ? nil : steps[known]
    }
}
