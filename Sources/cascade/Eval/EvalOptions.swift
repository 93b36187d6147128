internal import ArgumentParser
internal import CascadeCore
internal import CascadeEval
internal import CascadeHost
internal import CascadeNode
internal import Foundation
internal import Synchronization

/// What every run of `cascade eval` takes.
struct EvalOptions: ParsableArguments {
    /// The baselines, and a rule of each family.
    static let defaultRules = GridEntryList(
        ["expert-only", "drafter-only", "lossless", "token-cascade", "sequential-chow", "chow", "opt", "token-v3"]
            .compactMap(EvalSetting.Kind.init(name:)).map { EvalGrid.Entry(kind: $0) }
    )

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "What to compare, separated by commas; a rule may bring its own knobs, as in token-v3:0.1:0.3.",
            discussion: """
                Rules as in 'cascade submit --help', and expert-only, drafter-only and expert-min-p (min-p \
                \(EvalSetting.minP)). Default: \(EvalOptions.defaultRules.text).
                """
        ),
        transform: GridEntryList.init(parsing:)
    )
    var rules = EvalOptions.defaultRules

    @Option(
        parsing: .unconditional,
        help: "Knobs of the rules that bring none, separated by commas (default: each rule's own)."
    )
    var alphas: DecimalList?

    @Option(parsing: .unconditional, help: "Softmax temperatures, separated by commas; 0 is greedy.")
    var temperatures = DecimalList([0])

    @Option(help: "Samples of a problem at temperatures above 0.")
    var samples = 1

    @Option(help: "Leave out so many problems at the start of the fixed shuffled order.")
    var skip = 0

    @Option(help: "Take only so many problems (default: all).")
    var limit: Int?

    @Option(help: "The folder for the results; if it has some already, the run is continued.")
    var out: String

    @Option(help: "Maximum number of tokens in an answer.")
    var maxTokens = 512

    @Option(
        help: """
            Tokens drafted per round while quality is measured: a fixed number, as adaptive lengths draft less under \
            load.
            """
    )
    var numSpeculativeTokens = DraftLength.fixed(4)

    @Option(help: "What drafts: model, lookup or both.")
    var drafterKind = DrafterKind.both

    @Option(help: "Jobs in flight while quality is measured.")
    var concurrency = 8

    @Option(
        help: """
            Problems that are answered once more to measure time: one job at a time, methods interleaved, adaptive \
            draft length. 0 measures no times.
            """
    )
    var latencyProblems = 20

    @OptionGroup(title: "Cluster") var cluster: SubmitClusterOptions

    func validate() throws {
        try Limits.check("--samples", samples, in: 1...64)
        try Limits.check("--concurrency", concurrency, in: 1...256)
        guard skip >= 0, latencyProblems >= 0 else {
            throw ValidationError("--skip and --latency-problems must not be negative")
        }
        if out.isEmpty { throw ValidationError("--out must name a folder") }
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1") }
        try Limits.checkAnswer(maxTokens)
        guard temperatures.numbers.allSatisfy({ (0...100).contains($0) }) else {
            throw ValidationError("--temperatures must be 0 to 100")
        }
        try numSpeculativeTokens.validate()
        do throws(EvalError) { _ = try settings } catch { throw ValidationError("\(error)") }
    }

    /// The ways to answer.
    var settings: [EvalSetting] {
        get throws(EvalError) {
            try EvalGrid.settings(
                rules.entries,
                alphas: alphas?.numbers ?? [],
                temperatures: temperatures.numbers
            )
        }
    }

    /// The plan for these problems, of which `--skip` and `--limit` choose.
    func plan(problems: [String]) throws -> EvalPlan {
        let chosen = FixedShuffle.order(problems) { $0 }.dropFirst(skip).prefix(limit ?? problems.count)
        guard !chosen.isEmpty else {
            throw CommandFailure.usage("--skip \(skip) leaves none of \(plural(problems.count, "problem"))")
        }
        return EvalPlan(
            problems: Array(chosen),
            settings: try settings,
            samples: samples,
            draftLength: numSpeculativeTokens,
            drafterKind: drafterKind,
            maxTokens: maxTokens,
            latencyProblems: latencyProblems
        )
    }

    /// Gets what is missing, and writes and prints the report.
    ///
    /// - Parameter likelihood: a model that says how likely it finds each answer; nil for none.
    func execute(_ source: EvalSource, likelihood: (name: String, path: String)? = nil) async throws {
        let folder = URL(filePath: out)
        let plan = try plan(problems: source.names)
        var answers = 0
        do {
            let log = try ResultLog(folder: folder)
            defer { answers = log.records.count }
            try await cluster.answer(plan, EvalRun(source: source, log: log, concurrency: concurrency))
            let keys = Set(EvalTask.Phase.allCases.flatMap(plan.tasks).map(\.key))
            // A folder may hold other runs' answers, of other draft lengths for instance.
            func records() -> [EvalRecord] { log.records.filter { keys.contains($0.key) } }
            let scoring = Result { try likelihood.map { try Self.score(records(), $0, source, into: log) } }
            let report = EvalReport(records(), notes: [source.note] + RunNotes.lines())
            let names = try await report.write(to: folder)
            Output.note("wrote \(names.joined(separator: ", ")) to \(folder.path)")
            try Output.write(try FileAccess.read(folder.appending(path: "report.md").path))
            try scoring.get()
        } catch let error as EvalError {
            throw CommandFailure.failed("\(error)")
        } catch let error as SystemError {
            throw CommandFailure.failed("\(error)")
        } catch {
            let found = "\(plural(answers, "answer is", "answers are")) in \(out)"
            throw Self.failure(error, answers > 0 ? "; \(found): the same command continues there" : "")
        }
    }

    private static func score(
        _ records: [EvalRecord],
        _ model: (name: String, path: String),
        _ source: EvalSource,
        into log: ResultLog
    ) throws {
        let progress = EvalProgress("log-likelihood")
        defer { progress.finish() }
        try LikelihoodPass(model: model.name, path: model.path, source: source)
            .run(records, into: log, progress: progress.show)
    }

    /// What ended a run before its end, with what is to be said behind it.
    static func failure(_ error: any Error, _ words: String) -> any Error {
        guard var failure = error as? CommandFailure ?? (error as? NodeError).map(CommandFailure.init) else {
            return error
        }
        failure.message += words
        return failure
    }

    /// HumanEval's problems, judged by their tests.
    static func humanEval(
        _ problems: [HumanEvalProblem],
        name: String,
        unsafeExecution: Bool
    ) async throws -> EvalSource {
        do {
            return try await EvalSource.humanEval(problems, name: name, unsafeExecution: unsafeExecution)
        } catch let error as ExecutionError {
            throw CommandFailure.failed("\(error)")
        }
    }
}

extension SubmitClusterOptions {
    /// Gets the answers of a plan that a run lacks from this cluster; Ctrl-C cancels the jobs in flight.
    func answer(_ plan: EvalPlan, _ run: EvalRun) async throws {
        guard run.lacks(plan) else { return }
        try await endpoint.withClient(patience: timeout.value) { first in
            do {
                let cluster = try await EvalCluster(
                    first,
                    pool: pool,
                    timeout: timeout.value,
                    connections: run.concurrency
                )
                let interrupts = Interrupts { cluster.interrupt() }
                defer { withExtendedLifetime(interrupts) {} }
                let result: Result<Void, any Error>
                do {
                    for phase in EvalTask.Phase.allCases {
                        let progress = EvalProgress(phase.rawValue)
                        defer { progress.finish() }
                        try await run.answer(plan, phase, from: cluster, progress: progress.show)
                    }
                    result = .success(())
                } catch {
                    result = .failure(error)
                }
                await cluster.close()
                try result.get()
            } catch let error as NodeError {
                throw CommandFailure(error)
            }
        }
    }
}

/// How far a long run is: a line drawn over on a terminal, else a line now and then.
final class EvalProgress: Sendable {
    private struct State {
        var first: (done: Int, at: Double)?
        var said = -EvalProgress.pause
    }

    /// Seconds between lines where nobody draws over them.
    private static let pause = 30.0

    private let label: String
    private let start = MonotonicClock.now()
    private let state = Mutex(State())

    init(_ label: String) { self.label = label }

    /// Tells how many of the answers are there.
    @Sendable func show(done: Int, total: Int) {
        let now = MonotonicClock.seconds(since: start)
        let line = state.withLock { state -> String? in
            guard let first = state.first else {
                state.first = (done, now)
                return done == total ? nil : "\(label): \(done) of \(total) answers"
            }
            let isDue = Output.errorIsTerminal || now - state.said >= Self.pause || done == total
            guard isDue else { return nil }
            state.said = now
            let rate = Double(done - first.done) / max(1e-3, now - first.at)
            let left = Double(total - done) / max(1e-9, rate)
            return "\(label): \(done) of \(total) answers, \(Self.words(left)) left"
        }
        guard let line else { return }
        if Output.errorIsTerminal { Output.draw(line) } else { Output.note(line) }
    }

    /// Ends the line that was drawn over.
    func finish() { if Output.errorIsTerminal { Output.draw("") } }

    private static func words(_ seconds: Double) -> String {
        let seconds = Int(seconds.rounded())
        if seconds < 120 { return "\(seconds) s" }
        return seconds < 7_200 ? "\(seconds / 60) min" : "\(seconds / 3_600) h \(seconds % 3_600 / 60) min"
    }
}

/// With what a report was made, for whoever reads it.
enum RunNotes {
    /// The command, the program and the machine, each a line of Markdown.
    static func lines() -> [String] {
        let processor =
            (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?
            .split(separator: "\n").first { $0.hasPrefix("model name") }?
            .split(separator: ":").last.map { $0.trimmingPrefix { $0 == " " } } ?? "unknown processor"
        let command = ProgramArguments.texts.map { $0.contains(" ") ? "'\($0)'" : $0 }
        return [
            "- `cascade \(command.joined(separator: " "))`",
            "- cascade \(BuildInfo.version); \(processor), \(AvailableCores.count()) cores",
        ]
    }
}
