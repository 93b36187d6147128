internal import ArgumentParser
internal import CascadeCore
internal import CascadeHost
internal import CascadeModelFetch
internal import CascadeNode
internal import Foundation

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
            report = PairReport(settings: settings, pair: pair, prompts: prompts.count, outcomes: outcomes)
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
