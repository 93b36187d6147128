internal import ArgumentParser
internal import CascadeCore
internal import CascadeEval
internal import CascadeHost
internal import CascadeNode
internal import Foundation

/// `cascade tune`
struct TuneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tune",
        abstract: "Find the rule and alpha that keep a given quality.",
        discussion: """
            Asks a running cluster. For each rule it searches for the loosest alpha that keeps the share --keep of the \
            expert's own quality: of pass@1 if the prompts have tests (HumanEval's format), otherwise of the \
            similarity (ROUGE-L) to the expert's own answers. The rule that then needs the fewest expert passes per \
            token wins. It is printed as a line for the environment of 'docker compose' (the rule of jobs that name \
            none) or of 'cascade submit'; the table goes to standard error.

            The quality is measured on these prompts only: check the winner on others, e.g. with 'cascade eval'.

            EXAMPLES
              cascade tune --prompts prompts.jsonl
              cascade tune --prompts HumanEval.jsonl --limit 40 --keep 0.98
              env $(cascade tune --prompts prompts.jsonl) docker compose up -d
              cascade tune --prompts prompts.jsonl | tr ' ' '\\n' >>.env
            """
    )

    @Option(help: "The file of prompts: JSON lines (with tests in HumanEval's format), or plain text, one a line.")
    var prompts: String

    @Option(
        help: "The share of the expert's quality that must be kept, above 0 and at most 1 (default: 0.95).",
        transform: DecimalNumber.parse
    )
    var keep = 0.95

    @Option(
        parsing: .unconditional,
        help: """
            Rules to try, separated by commas; one may bring the knobs to try, the strictest first, as in chow:0.1:0.3 \
            (default: \(TuneCommand.defaultRules.text)).
            """,
        transform: GridEntryList.init(parsing:)
    )
    var rules = TuneCommand.defaultRules

    private static let defaultRules = GridEntryList(
        [.chow, .diff, .opt, .tokenV3, .tokenLT].map { EvalGrid.Entry(kind: .rule($0)) }
    )

    @Option(
        parsing: .unconditional,
        help: "Softmax temperature; 0 is greedy (default: 0).",
        transform: DecimalNumber.parse
    )
    var temperature = 0.0

    @Option(help: "Samples of a prompt at temperatures above 0.")
    var samples = 2

    @Option(help: "Take only so many prompts, in the fixed shuffled order.")
    var limit: Int?

    @Option(help: "Maximum number of tokens in an answer.")
    var maxTokens = 512

    @Option(help: "Tokens drafted per round.")
    var numSpeculativeTokens = DraftLength.fixed(4)

    @Option(
        help: """
            What drafts: model, lookup or both. Rules that read the drafter's probabilities judge only its own drafts.
            """
    )
    var drafterKind = DrafterKind.model

    @Option(help: "Jobs in flight.")
    var concurrency = 8

    @Option(help: "A folder that keeps the answers, so that the search can be continued (default: a new one).")
    var out: String?

    @Flag(help: "Run tests without isolation, where bubblewrap cannot be used. They can then do all that you can.")
    var unsafeExecution = false

    @OptionGroup(title: "Cluster") var cluster: SubmitClusterOptions

    func validate() throws {
        guard keep > 0, keep <= 1 else { throw ValidationError("--keep must be above 0 and at most 1") }
        try Limits.check("--samples", samples, in: 1...64)
        try Limits.check("--concurrency", concurrency, in: 1...256)
        if out?.isEmpty == true { throw ValidationError("--out must name a folder") }
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1") }
        try Limits.checkAnswer(maxTokens)
        try numSpeculativeTokens.validate()
        for entry in rules.entries {
            guard case .rule(let rule) = entry.kind, let knob = rule.traits.alpha else {
                throw ValidationError("--rules takes rules with an alpha, not \(entry.kind.name)")
            }
            for alpha in entry.alphas.isEmpty ? knob.ladder : entry.alphas {
                let setting = EvalSetting(entry.kind, alpha: alpha, temperature: temperature)
                if let problem = setting.problem { throw ValidationError("\(setting.label): \(problem)") }
            }
        }
    }

    func run() async throws {
        let source = try await source()
        let folder = try out.map { URL(filePath: $0) } ?? Self.newFolder()
        let result = try await search(source, in: folder)
        Output.note(result.table)
        guard let best = result.best else {
            throw CommandFailure.failed(
                "no rule keeps \(keep) of the expert's quality on these prompts; lossless does, or try a smaller --keep"
            )
        }
        try Output.line("CASCADE_RULE=\(best.method) CASCADE_ALPHA=\(best.alpha ?? 0)")
    }

    /// A folder for the answers where the user names none. Prompts and answers are nobody else's.
    private static func newFolder() throws -> URL {
        let name = "cascade-tune-\(UUID().uuidString.prefix(8))"
        let folder = FileManager.default.temporaryDirectory.appending(path: name)
        guard mkdir(folder.path, 0o700) == 0 else {
            throw CommandFailure.failed("\(SystemError("make the folder", folder.path))")
        }
        return folder
    }

    /// Seeks, with the answers of a folder. A search that ends early says how it is gone on with.
    private func search(_ source: EvalSource, in folder: URL) async throws -> Tuner.Result {
        var answers = 0
        do {
            let log = try ResultLog(folder: folder)
            defer { answers = log.records.count }
            let run = try EvalRun(source: source, log: log, concurrency: concurrency)
            let tuner = Tuner(
                log: log,
                plan: plan(source.names),
                temperature: temperature,
                keep: keep,
                note: Output.note,
                answer: { try await cluster.answer($0, run) }
            )
            Output.note("answers go to \(folder.path)")
            let ladders = rules.entries.compactMap { entry -> (RuleSettings.Rule, [Double])? in
                guard case .rule(let rule) = entry.kind, let knob = rule.traits.alpha else { return nil }
                return (rule, entry.alphas.isEmpty ? knob.ladder : entry.alphas)
            }
            return try await tuner.search(ladders)
        } catch let error as EvalError {
            throw CommandFailure.failed("\(error)")
        } catch {
            let found = "\(plural(answers, "answer is", "answers are")) in \(folder.path)"
            let option = out == nil ? " with --out \(folder.path)" : ""
            throw EvalOptions.failure(
                error,
                answers > 0 ? "; \(found): the same command\(option) continues there" : ""
            )
        }
    }

    private func plan(_ names: [String]) -> EvalPlan {
        EvalPlan(
            problems: Array(FixedShuffle.order(names) { $0 }.prefix(limit ?? names.count)),
            settings: [],
            samples: samples,
            draftLength: numSpeculativeTokens,
            drafterKind: drafterKind,
            maxTokens: maxTokens,
            latencyProblems: 0
        )
    }

    /// Problems with tests if every line is one, else prompts.
    private func source() async throws -> EvalSource {
        guard let problems = try? HumanEvalProblem.load(URL(filePath: prompts)) else {
            return EvalSource.text(try PromptArgument.named(prompts), file: prompts, raw: false)
        }
        return try await EvalOptions.humanEval(problems, name: prompts, unsafeExecution: unsafeExecution)
    }
}
