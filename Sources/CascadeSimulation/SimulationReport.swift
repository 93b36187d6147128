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
    package var decidedAnswers: [DecidedAnswer.Guarantee: Int] = [:]
    /// How many of these had penalties or a bias.
    package var adjustedAnswers = 0
    /// Answers that were checked against their constraints, and how many of them were known beforehand.
    package var constrainedAnswers = (all: 0, decided: 0)
    /// Tokens in those reports.
    package var tokens = 0
    /// What speculation did.
    package var counts = SpeculationCounts()
    /// What occurred how often.
    package var coverage = Coverage()
    /// What went wrong, in the order of the seeds.
    package var failures: [SimulationFailure] = []
    /// What never occurred although it was demanded.
    package private(set) var missing: [String] = []

    /// Creates the report of no seeds.
    package init() {}

    /// The first thing that went wrong, in words; nil when nothing did.
    package var failure: String? {
        failures.first?.description ?? (missing.isEmpty ? nil : "never occurred: \(missing.joined(separator: ", "))")
    }

    /// Demands that every fault, message type and transition occurred.
    package mutating func demandCoverage() {
        missing = coverage.missing
    }

    mutating func count(_ report: JobReport) {
        for index in finished.indices where finished[index].reason == report.reason { finished[index].count += 1 }
        tokens += report.tokens.count
        counts.add(report.counts)
    }

    /// Adds what came of seeds behind these.
    package mutating func add(_ run: SimulationReport) {
        seeds += run.seeds
        steps += run.steps
        virtualSeconds += run.virtualSeconds
        slowestRecoverySeconds = max(slowestRecoverySeconds, run.slowestRecoverySeconds)
        for index in finished.indices { finished[index].count += run.finished[index].count }
        decidedAnswers.merge(run.decidedAnswers, uniquingKeysWith: +)
        adjustedAnswers += run.adjustedAnswers
        constrainedAnswers.all += run.constrainedAnswers.all
        constrainedAnswers.decided += run.constrainedAnswers.decided
        tokens += run.tokens
        counts.add(run.counts)
        coverage.add(run.coverage)
        failures += run.failures
    }

    /// The failures by kind, most of them first.
    package var kinds: [(kind: String, failures: [SimulationFailure])] {
        var numbers: [String: Int] = [:]
        var kinds: [(kind: String, failures: [SimulationFailure])] = []
        for failure in failures {
            let number = numbers[failure.kind] ?? kinds.count
            if number == kinds.count {
                numbers[failure.kind] = number
                kinds.append((failure.kind, []))
            }
            kinds[number].failures.append(failure)
        }
        let order = kinds.indices.sorted { (kinds[$1].failures.count, $0) < (kinds[$0].failures.count, $1) }
        return order.map { kinds[$0] }
    }

    /// How it went, in a line; nil when all is well.
    package var verdict: String? {
        if failures.isEmpty { return failure }
        let kinds = kinds.count
        return "\(failures.count) of \(seeds) seeds failed, in \(kinds == 1 ? "one way" : "\(kinds) ways")"
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
                + DecidedAnswer.Guarantee.allCases.map { "\($0.rawValue) \(decidedAnswers[$0, default: 0])" }
                .joined(separator: ", ")
                + "; with penalties \(adjustedAnswers), constrained \(constrainedAnswers.decided)"
        )
        lines += coverage.lines
        for (kind, failures) in kinds {
            lines.append("FAILED \(failures.count == 1 ? "once" : "\(failures.count) times"): \(kind)")
            lines.append("  first: \(failures[0])")
            lines.append("  seeds: " + failures.map { String($0.seed) }.joined(separator: " "))
        }
        if !missing.isEmpty { lines.append("FAILED: never occurred: \(missing.joined(separator: ", "))") }
        return lines
    }
}
