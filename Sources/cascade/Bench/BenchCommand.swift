internal import ArgumentParser
internal import CascadeBench
internal import CascadeCore
internal import CascadeHost
internal import CascadeModel
internal import CascadeModelFetch
internal import CascadeNode
internal import Foundation

/// `cascade bench`
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure one engine, a pair of models without a network, or a cluster under load.",
        discussion: """
            EXAMPLES
              cascade bench engine --model qwen2.5-coder-1.5b
              cascade bench pair --prompts prompts.jsonl --limit 4
              cascade bench serve --prompts prompts.jsonl --concurrency 1,8
            """,
        subcommands: [BenchEngineCommand.self, BenchPairCommand.self, BenchServeCommand.self]
    )

    /// A debug build is many times slower: its numbers would only mislead.
    static func refuseDebugBuild(isDebug: Bool = BuildInfo.isDebug) throws {
        guard isDebug else { return }
        throw CommandFailure.failed(
            "this is a debug build, whose speed says nothing: build with 'swift build -c release' and measure again"
        )
    }
}

/// `cascade bench engine`
struct BenchEngineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine",
        abstract: "Measure what a pass of n tokens costs, beside the memory's bandwidth.",
        discussion: """
            A row is one token of a pass. A pass of n rows computes a draft of one sequence after --n-depth tokens at \
            once: with logits for every row up to \(EngineBenchmark.rowsWithAllLogits) rows, as verification needs \
            them, and beyond that for the last row only, as a prompt needs them. One row is always measured, and \
            ratios are relative to it. The row counts take turns. Every turn also reads a buffer of 512 MB with the \
            same threads; the bandwidth is the best of these reads. A row count that has had more time than the others \
            misses turns, so large ones are measured less often.

            EXAMPLES
              cascade bench engine --model qwen2.5-coder-1.5b
              cascade bench engine --model big.gguf --rows 1,5,8 --threads 4 --json
            """
    )

    @Option(help: "The model: a GGUF file, or a name that 'cascade model fetch' knows and has fetched.")
    var model: String

    @Option(help: "Row counts, 1 to 4096, separated by commas.")
    var rows = NumberList([1, 2, 4, 8, 16, 64, 512])

    @Option(help: "Compute threads (default: the cores this process may use).")
    var threads: Int?

    @Option(help: "Tokens in the sequence before the measured pass.")
    var nDepth = 256

    @Option(
        help: """
            Seconds that the whole run may take, loading included; each row count is measured at least once (default: \
            30).
            """,
        transform: Seconds.parse
    )
    var seconds: Seconds = 30

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup(title: "SLED") var sled: SLEDOptions

    func validate() throws {
        try Limits.check("--threads", threads, in: Limits.threads)
        try Limits.check("--n-depth", nDepth, in: 0...1_000_000)
        guard rows.numbers.count <= 64, rows.numbers.allSatisfy({ (1...4_096).contains($0) }) else {
            throw ValidationError("--rows takes up to 64 row counts of 1 to 4096")
        }
    }

    func run() async throws {
        try BenchCommand.refuseDebugBuild()
        let started = MonotonicClock.now()
        let path = try ModelLocation.resolve(model)
        let threads = threads ?? AvailableCores.count()
        let report: EngineReport
        do throws(ModelError) {
            let model = try Model.load(path: path)
            let settings = EngineBenchmark.Settings(
                rows: rows.numbers,
                threads: threads,
                context: nDepth,
                seconds: seconds.value - MonotonicClock.seconds(since: started),
                sled: sled.settings
            )
            let progress = ProgressLine("measuring")
            let result = try EngineBenchmark(model: model, settings: settings).run(progress: progress.show)
            progress.finish()
            report = EngineReport(
                model: path,
                threads: threads,
                context: nDepth,
                build: BuildInfo.version,
                result: result
            )
        } catch {
            throw CommandFailure.failed("\(error)")
        }
        if json { try Output.json(report) } else { try Output.line(report.text) }
    }
}

/// `cascade bench pair`
struct BenchPairCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pair",
        abstract: "Measure what drafts gain: the expert alone, and drafts of several lengths, in one process.",
        discussion: """
            The coordinator's state machine and the nodes' loops run in one process without a network; the engines \
            take turns, each with all threads. Answers are greedy with rule lossless, so all must have the expert's \
            own tokens; if one does not, the exit code is 1. Speeds are measured from an answer's first tokens on, \
            without the prompt. The order of the draft lengths changes from prompt to prompt.

            Prompts: JSON lines with "prompt" or "text" (HumanEval's file as it is), or plain text, one prompt a line.

            EXAMPLES
              cascade bench pair --prompts HumanEval.jsonl --limit 4 --max-tokens 128
              cascade bench pair --drafter small.gguf --expert big.gguf --prompts prompts.txt --json
            """
    )

    @Option(help: "The drafter's model: a GGUF file or a name that 'cascade model fetch' knows.")
    var drafter = ModelCatalogue.defaultDrafter

    @Option(help: "The expert's model.")
    var expert = ModelCatalogue.defaultExpert

    @Option(help: "The file of prompts.")
    var prompts: String

    @Option(help: "Take only that many prompts, from the first on.")
    var limit: Int?

    @Option(help: "Maximum number of tokens in an answer.")
    var maxTokens = 128

    @Option(help: "Tokens drafted per round: numbers of 0 to 32 and 'adaptive', separated by commas.")
    var numSpeculativeTokens = DraftLengthList([.fixed(2), .fixed(4), .fixed(8), .adaptive])

    @Option(help: "What drafts: model, lookup or both.")
    var drafterKind = DrafterKind.both

    @Option(help: "Compute threads of each engine (default: the cores this process may use).")
    var threads: Int?

    @Flag(help: "Send the prompts as they are, without the model's chat template.")
    var raw = false

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var cache: CacheOptions
    @OptionGroup var draftModel: DraftModelOptions

    func validate() throws {
        try Limits.check("--threads", threads, in: Limits.threads)
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1") }
        try Limits.checkAnswer(maxTokens)
        for length in numSpeculativeTokens.lengths { try length.validate() }
    }

    func run() async throws {
        try BenchCommand.refuseDebugBuild()
        let prompts = try PromptArgument.read(prompts, limit: limit)
        let settings = LocalPair.Settings(
            drafter: try ModelLocation.resolve(drafter),
            expert: try ModelLocation.resolve(expert),
            threads: threads ?? AvailableCores.count(),
            cacheLimit: cache.limit,
            draftModel: draftModel.settings
        )
        try PairCheck.check(drafter: PairCheck.open(settings.drafter), expert: PairCheck.open(settings.expert))
        let progress = ProgressLine("measuring")
        let report: PairReport
        do throws(NodeError) {
            let pair = try LocalPair(settings)
            let benchmark = PairBenchmark(
                pair: pair,
                variants: numSpeculativeTokens.lengths.map { PairBenchmark.Variant(draftLength: $0) }
            )
            let outcomes = try benchmark.run(
                prompts: prompts,
                format: raw ? .raw : .automatic,
                maximumTokens: maxTokens,
                drafterKind: drafterKind
            ) { done, total in progress.show(Double(done) / Double(total)) }
            report = PairReport(
                settings: settings,
                pair: pair,
                prompts: prompts.count,
                build: BuildInfo.version,
                outcomes: outcomes
            )
        } catch {
            progress.finish()
            throw CommandFailure(error)
        }
        progress.finish()
        if json { try Output.json(report) } else { try Output.line(report.text) }
        guard report.tokensEqual else {
            throw CommandFailure.failed("answers differ from the expert's own, which rule lossless must never do")
        }
    }
}
