import CascadeCoordinator
package import CascadeCore

/// What came of a simulation.
package struct SimulationReport: Sendable {
    /// Runs that were begun.
    package var seeds = 0
    /// Events that were handled, of all kinds.
    package var steps = 0
    /// Virtual time that passed, over all runs.
    package var virtualSeconds = 0.0
    /// The longest that it took, once everything was healed, until the last client had its answer.
    package var slowestRecoverySeconds = 0.0
    /// Reports that clients got, by reason.
    package var finished: [(reason: FinishReason, count: Int)] = FinishReason.allCases.map { ($0, 0) }
    /// Answers whose every byte was known beforehand, by what decides them.
    package var decidedAnswers: [Oracle.Guarantee: Int] = [:]
    /// Tokens in those reports.
    package var tokens = 0
    /// What speculation did.
    package var counts = SpeculationCounts()
    /// What occurred how often.
    package var coverage = Coverage()
    /// What went wrong, with the seed and step that show it again; nil when nothing did.
    package var failure: String?

    mutating func count(_ report: JobReport) {
        for index in finished.indices where finished[index].reason == report.reason { finished[index].count += 1 }
        tokens += report.tokens.count
        counts.add(report.counts)
    }

    mutating func add(_ run: SimulationReport) {
        seeds += 1
        steps += run.steps
        virtualSeconds += run.virtualSeconds
        slowestRecoverySeconds = max(slowestRecoverySeconds, run.slowestRecoverySeconds)
        for index in finished.indices { finished[index].count += run.finished[index].count }
        decidedAnswers.merge(run.decidedAnswers, uniquingKeysWith: +)
        tokens += run.tokens
        counts.add(run.counts)
        coverage.add(run.coverage)
        failure = failure ?? run.failure
    }

    /// The lines that the command prints.
    package var summary: [String] {
        var lines = ["\(seeds) seeds, \(steps) steps, \(Int(virtualSeconds)) virtual seconds, \(tokens) tokens"]
        lines.append("slowest recovery: \(Int(slowestRecoverySeconds)) seconds")
        lines.append(
            "drafts: \(counts.draftedRounds) of \(counts.rounds) rounds, "
                + "model \(counts.drafted - counts.lookupDrafted) tokens, lookup \(counts.lookupDrafted), "
                + "copied \(counts.lookupAccepted)"
        )
        lines.append("answers: " + finished.map { "\($0.reason.name) \($0.count)" }.joined(separator: ", "))
        lines.append(
            "answers known beforehand: "
                + Oracle.Guarantee.allCases.map { "\($0.rawValue) \(decidedAnswers[$0, default: 0])" }
                .joined(separator: ", ")
        )
        lines += coverage.lines
        if let failure { lines.append("FAILED: \(failure)") }
        return lines
    }
}
