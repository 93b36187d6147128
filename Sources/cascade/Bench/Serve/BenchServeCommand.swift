internal import ArgumentParser
internal import CascadeCore
internal import CascadeNode
internal import Foundation

/// `cascade bench serve`
struct BenchServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Measure a running cluster under load: rates, latencies, busy shares, wire bytes.",
        discussion: """
            Keeps --concurrency jobs in flight, with prompts from a file, and measures every draft length at every \
            concurrency, in several turns. The order of the draft lengths changes from turn to turn, and rates are \
            medians over the turns. RATIO is relative to draft length 0 in the same turn.

            Rates are measured while all jobs are in flight: from the first job's start until no further job is \
            started. Latencies are the client's: from sending to the first token; between two deltas, divided by the \
            tokens of the later one; from sending to the end. The coordinator's processor time and the wire's bytes \
            are differences of its own counters over whole turns, heartbeats included. Busy shares come from the \
            nodes' reports, one a second, so turns of less than three seconds have none.

            EXAMPLES
              cascade bench serve --prompts HumanEval.jsonl --concurrency 1,4,16
              cascade bench serve --prompts prompts.txt --num-speculative-tokens 0,4,adaptive --out one-host.json
              cascade bench serve --prompts prompts.txt --out two-hosts.json --compare one-host.json
              cascade bench serve --synthetic-acceptance 0.8 --concurrency 1,16 --num-speculative-tokens 0,4
            """
    )

    @Option(
        help: """
            The file of prompts: JSON lines with "prompt" or "text", or one prompt a line; synthetic nodes need none.
            """
    )
    var prompts: String?

    @Option(help: "Take only that many prompts, from the first on.")
    var limit: Int?

    @Option(help: "Jobs in flight, 1 to 256, separated by commas.")
    var concurrency = NumberList([1, 8])

    @Option(help: "Tokens drafted per round: numbers of 0 to 32 and 'adaptive', separated by commas.")
    var numSpeculativeTokens = DraftLengthList([.fixed(0), .adaptive])

    @Option(help: "Times that every setting is measured.")
    var turns = 3

    @Option(help: "Jobs of a setting in each turn, more than its concurrency (default: three times it, at least 4).")
    var requests: Int?

    @Option(help: "Start jobs for so many seconds in each turn, instead of a number of jobs.", transform: Seconds.parse)
    var seconds: Seconds?

    @Option(help: "Jobs of each draft length before the first turn, not counted (default: the largest concurrency).")
    var numWarmups: Int?

    @Option(help: "Maximum number of tokens in an answer.")
    var maxTokens = 128

    @Flag(help: "Print one JSON object.")
    var json = false

    @Option(help: ArgumentHelp("Write the JSON object to a file as well.", valueName: "file"))
    var out: String?

    @Option(
        help: ArgumentHelp(
            "Compare with an earlier run's --out file: is this cluster faster, and if not, why?",
            valueName: "file"
        )
    )
    var compare: String?

    @OptionGroup(title: "Jobs") var jobs: ServeJobOptions
    @OptionGroup(title: "Synthetic nodes") var synthetic: ServeSyntheticOptions
    @OptionGroup(title: "Cluster") var cluster: SubmitClusterOptions

    func validate() throws {
        if prompts == nil, synthetic.syntheticAcceptance == nil { throw ValidationError("--prompts names no file") }
        guard concurrency.numbers.allSatisfy({ (1...256).contains($0) }) else {
            throw ValidationError("--concurrency takes numbers of 1 to 256")
        }
        guard Set(concurrency.numbers).count == concurrency.numbers.count else {
            throw ValidationError("--concurrency has a number twice")
        }
        for length in numSpeculativeTokens.lengths { try length.validate() }
        try Limits.check("--turns", turns, in: 1...100)
        if requests != nil, seconds != nil { throw ValidationError("give --requests or --seconds, not both") }
        if let requests, let most = concurrency.numbers.max(), !(most + 1...1_000_000).contains(requests) {
            throw ValidationError("--requests must be above the largest concurrency, at most 1000000")
        }
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1") }
        try Limits.check("--num-warmups", numWarmups, in: 0...10_000)
        try Limits.checkAnswer(maxTokens)
    }

    func run() async throws {
        try BenchCommand.refuseDebugBuild()
        let texts = try prompts.map { try PromptArgument.read($0, limit: limit) } ?? Self.standardPrompts
        let earlier = try compare.map(ServeRecord.read)
        let seed = jobs.sampling.seed ?? 1
        let load = ServeLoad(
            prompts: texts,
            template: jobs.template(pool: cluster.pool, maxTokens: maxTokens),
            seed: seed,
            timeout: cluster.timeout.value
        )
        let run = ServeRun(
            load: load,
            concurrency: concurrency.numbers,
            draftLengths: numSpeculativeTokens.lengths,
            requests: requests,
            seconds: seconds?.value,
            turns: turns,
            numWarmups: numWarmups
        )
        let result: ServeRun.Result
        let patience = cluster.timeout.value
        var endpoint = cluster.endpoint
        if let settings = synthetic.settings(maxNumSeqs: concurrency.numbers.max() ?? 1) {
            result = try await SyntheticCluster.with(settings) { address in
                (endpoint.endpoint, endpoint.key) = (address, nil)
                return try await endpoint.withClient(patience: patience) { client in try await run.run(client: client) }
            }
        } else {
            result = try await endpoint.withClient(patience: patience) { client in try await run.run(client: client) }
        }
        var report = ServeReport(
            result,
            run: run,
            endpoint: endpoint.endpoint,
            prompts: ServeReport.Prompts(file: prompts ?? "the program's own", texts: texts),
            request: jobs.request(maxTokens: maxTokens, seed: seed)
        )
        // Not being comparable must not cost the numbers.
        var failure: CommandFailure?
        if let earlier, let compare, report.complete, let now = ServeRecord(json: try Output.jsonBytes(report)) {
            do {
                report.comparison = Nullable(try ServeComparison(now, with: earlier, file: compare))
            } catch let error as CommandFailure {
                failure = error
            }
        }
        try show(report)
        if let failure { throw failure }
    }

    /// For synthetic nodes, to which all prompts are alike.
    private static let standardPrompts = (1...64).map {
        "Prompt number \($0), which nobody reads. " + String(repeating: "x", count: 80)
    }

    private func show(_ report: ServeReport) throws {
        // A file that cannot be written must not cost the numbers.
        let file = Result { if let out { try Output.file(out, try Output.jsonBytes(report)) } }
        if json { try Output.json(report) } else { try Output.line(report.text) }
        try file.get()
        guard report.complete else { throw CommandFailure.interrupted }
        guard report.failures == 0 else {
            throw CommandFailure.failed(
                "\(plural(report.failures, "job")) failed; the first of each turn's reasons is above"
            )
        }
    }
}
