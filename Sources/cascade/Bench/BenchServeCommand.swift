internal import ArgumentParser
internal import CascadeBench
internal import CascadeCore
internal import CascadeHost
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
        let earlier = try record(of: compare)
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
            numWarmups: numWarmups,
            note: { Output.note($0) }
        )
        let result: ServeRun.Result
        var endpoint = cluster.endpoint
        if let settings = synthetic.settings(maxNumSeqs: concurrency.numbers.max() ?? 1) {
            // Whatever ends this process takes the cluster along.
            let interruption = RaisedFlag()
            let interrupts = Interrupts { interruption.raise() }
            defer { withExtendedLifetime(interrupts) {} }
            do {
                result = try await SyntheticCluster.with(settings, interruption: interruption) { address in
                    (endpoint.endpoint, endpoint.key) = (address, nil)
                    return try await measure(run, at: endpoint)
                }
            } catch let error as NodeError {
                throw CommandFailure(error)
            }
        } else {
            result = try await measure(run, at: endpoint)
        }
        var report = ServeReport(
            result,
            run: run,
            build: BuildInfo.version,
            endpoint: endpoint.endpoint,
            prompts: ServeReport.Prompts(file: prompts ?? "the program's own", texts: texts),
            request: ServeReport.Request(load.template, seed: seed)
        )
        // Not being comparable must not cost the numbers.
        var failure: CommandFailure?
        if let earlier, let compare, report.complete, let now = ServeRecord(json: try Output.jsonBytes(report)) {
            do throws(NodeError) {
                report.comparison = Nullable(try ServeComparison(now, with: earlier, file: compare))
            } catch {
                failure = CommandFailure(error)
            }
        }
        try show(report)
        if let failure { throw failure }
    }

    private func measure(_ run: ServeRun, at endpoint: EndpointOptions) async throws -> ServeRun.Result {
        try await endpoint.withClient(patience: cluster.timeout.value) { client in
            let interruption = RaisedFlag()
            let interrupts = Interrupts {
                interruption.raise()
                client.inject(.interrupted)
            }
            defer { withExtendedLifetime(interrupts) {} }
            return try await run.run(client: client, interruption: interruption)
        }
    }

    private func record(of path: String?) throws(CommandFailure) -> ServeRecord? {
        guard let path else { return nil }
        do throws(NodeError) { return try ServeRecord.read(path) } catch { throw CommandFailure(error) }
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

/// What the jobs of `cascade bench serve` ask for, with the names that `submit` has.
struct ServeJobOptions: ParsableArguments {
    @Option(help: "Rule that decides which drafted tokens stand (default: the coordinator's).")
    var rule: RuleSettings.Rule?

    @Option(
        parsing: .unconditional,
        help: "The rule's knob (default: the rule's own).",
        transform: DecimalNumber.parse
    )
    var alpha: Double?

    @Option(help: "How a draft is judged: rejection, block or coupled.")
    var verifyMethod = RuleSettings.VerifyMethod.rejection

    @Option(
        parsing: .unconditional,
        help: "Softmax temperature; 0 is greedy (default: 0).",
        transform: DecimalNumber.parse
    )
    var temperature = 0.0

    @OptionGroup var sampling: SamplingOptions

    @Option(help: "What drafts: model, lookup or both.")
    var drafterKind = DrafterKind.both

    @Flag(help: "Send the prompts as they are, without the model's chat template.")
    var raw = false

    func validate() throws {
        if alpha != nil, rule?.defaultAlpha == nil {
            throw ValidationError("--alpha is the knob of a rule other than lossless; name one, e.g. --rule token-v3")
        }
        if rule?.isSequential == true, drafterKind != .model {
            throw ValidationError("rule \(rule?.rawValue ?? "") needs --drafter-kind model")
        }
        let settings = sampling.settings(temperature: temperature)
        if let problem = settings.problem ?? (rule == nil ? nil : ruleSettings.problem(sampling: settings)) {
            throw ValidationError(problem)
        }
    }

    private var ruleSettings: RuleSettings {
        RuleSettings(rule: rule ?? .lossless, alpha: alpha, verifyMethod: verifyMethod)
    }

    /// A job without its prompt, draft length and numbers.
    func template(pool: String, maxTokens: Int) -> Submit {
        Submit(
            requestID: 1,
            submitKey: Hash128(high: 0, low: 0),
            pool: pool,
            prompt: [],
            format: raw ? .raw : .automatic,
            sampling: sampling.settings(temperature: temperature),
            rule: ruleSettings,
            usesDefaultRule: rule == nil,
            maxTokens: UInt32(maxTokens),
            drafterKind: drafterKind,
            follow: true
        )
    }
}

/// A cluster of synthetic nodes for `cascade bench serve`.
struct ServeSyntheticOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Measure the service alone: start a cluster whose nodes make answers up, so that this share is accepted.",
            discussion: """
                Starts its own coordinator, drafter and expert, whatever --endpoint says, and ends them with the \
                measurement.
                """,
            valueName: "share"
        ),
        transform: DecimalNumber.parse
    )
    var syntheticAcceptance: Double?

    @Option(
        help: ArgumentHelp(
            "Time of the drafter's pass: milliseconds by tokens, e.g. 1:9,8:12 (default: no time).",
            valueName: "tokens:ms,…"
        )
    )
    var syntheticDrafterMs: CostPointList?

    @Option(help: ArgumentHelp("The same for the expert, e.g. 1:20,8:24,16:44.", valueName: "tokens:ms,…"))
    var syntheticExpertMs: CostPointList?

    @Option(help: ArgumentHelp("Where its coordinator keeps jobs (default: in memory only).", valueName: "file"))
    var syntheticStore: String?

    func validate() throws {
        guard let acceptance = syntheticAcceptance else {
            guard syntheticDrafterMs == nil, syntheticExpertMs == nil, syntheticStore == nil else {
                throw ValidationError("--synthetic-drafter-ms, -expert-ms and -store need --synthetic-acceptance")
            }
            return
        }
        for curve in [syntheticDrafterMs, syntheticExpertMs] {
            let settings = SyntheticSettings(acceptance: acceptance, costs: curve?.points ?? [])
            if let problem = settings.problem { throw ValidationError("synthetic nodes: \(problem)") }
        }
    }

    /// The cluster's settings; nil where a running cluster is measured.
    func settings(maxNumSeqs: Int) -> SyntheticCluster.Settings? {
        syntheticAcceptance.map {
            SyntheticCluster.Settings(
                acceptance: $0,
                drafter: syntheticDrafterMs?.points,
                expert: syntheticExpertMs?.points,
                store: syntheticStore,
                maxNumSeqs: maxNumSeqs
            )
        }
    }
}
