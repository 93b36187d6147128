internal import ArgumentParser
internal import CascadeCore
internal import CascadeEval
internal import CascadeHost
internal import Foundation

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
    func execute(_ source: EvalSource, likelihood: String? = nil) async throws {
        let folder = URL(filePath: out)
        let run = EvalRun(source: source, cluster: cluster, concurrency: concurrency)
        let plan = try plan(problems: source.names)
        var answers = 0
        do {
            let log = try ResultLog(folder: folder)
            defer { answers = log.records.count }
            try await run.answer(plan, into: log)
            let keys = Set(EvalTask.Phase.allCases.flatMap(plan.tasks).map(\.key))
            // A folder may hold other runs' answers, of other draft lengths for instance.
            func records() -> [EvalRecord] { log.records.filter { keys.contains($0.key) } }
            let scoring = Result {
                if let likelihood { try LikelihoodPass(model: likelihood, source: source).run(records(), into: log) }
            }
            let report = EvalReport(records(), notes: [source.note] + RunNotes.lines())
            let names = try await report.write(to: folder)
            Output.note("wrote \(names.joined(separator: ", ")) to \(folder.path)")
            try Output.write(try FileAccess.read(folder.appending(path: "report.md").path))
            try scoring.get()
        } catch let error as EvalError {
            throw CommandFailure.failed("\(error)")
        } catch let error as SystemError {
            throw CommandFailure.failed("\(error)")
        } catch let failure as CommandFailure where answers > 0 {
            throw CommandFailure(
                code: failure.code,
                message: failure.message
                    + "; \(plural(answers, "answer is", "answers are")) in \(out): the same command continues there"
            )
        }
    }
}
