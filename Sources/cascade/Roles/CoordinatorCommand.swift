internal import ArgumentParser
internal import CascadeCoordinator
internal import CascadeCore
internal import CascadeHost
internal import CascadeNode

/// `cascade coordinator`
struct CoordinatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coordinator",
        abstract: "Run the coordinator: it holds every sequence's state and decides what is committed.",
        discussion: """
            EXAMPLES
              cascade coordinator
              cascade coordinator --listen tcp://0.0.0.0:5570            takes connections with keys, see 'cascade keys'
              cascade coordinator --listen tcp://0.0.0.0:5570 --insecure
              cascade coordinator --store /var/lib/cascade/jobs.sqlite    jobs continue after a crash
              cascade coordinator --allow-rules lossless,token-v3 --default-rule token-v3 --default-alpha 0.2
            """
    )

    @Option(help: "Where to listen.")
    var listen = RunFolder.endpoint

    @Flag(help: "Listen on an address that other machines reach, without authentication.")
    var insecure = false

    @Option(
        help: """
            The folder of keys that connections need (default: none on loopback; elsewhere ~/.config/cascade/keys).
            """
    )
    var keys: String?

    @Option(
        help: ArgumentHelp(
            "Write jobs to this file, so that they survive a crash or a restart; none keeps them in memory only.",
            valueName: "file|none"
        )
    )
    var store = "none"

    @Flag(
        help: """
            With --store: a normal stop ends all jobs and tells their clients, as it does without a store. After a \
            crash the jobs still continue.
            """
    )
    var endJobsAtStop = false

    @Option(help: "Sequences that run at once; further jobs wait.")
    var maxNumSeqs = 16

    @Option(help: "Jobs that may wait; further ones are refused.")
    var maxQueuedRequests = 1_024

    @Option(
        help: "Tokens drafted per round, for jobs that do not say: 0 to \(JobLimits.standard.draftTokens), or adaptive."
    )
    var numSpeculativeTokens = DraftLength.adaptive

    @OptionGroup var queue: QueueOptions
    @OptionGroup var templates: ChatTemplateOptions
    @OptionGroup(title: "Rules") var rules: RulePolicyOptions
    @OptionGroup var log: LogOptions

    func validate() throws {
        try EndpointArgument.listen("--listen", listen)
        if insecure, keys != nil { throw ValidationError("--insecure and --keys exclude each other") }
        try Limits.check("--max-num-seqs", maxNumSeqs, in: 1...4_096)
        try Limits.check("--max-queued-requests", maxQueuedRequests, in: 1...1_000_000)
        if store.isEmpty { throw ValidationError("--store must name a file, or none") }
        try numSpeculativeTokens.validate()
    }

    func run() async throws {
        let logger = log.logger("coordinator")
        if listen == RunFolder.endpoint { try RunFolder.make() }
        let keys = try ListenPolicy.keys(listen: listen, insecure: insecure, folder: keys, logger: logger)
        var limits = CoordinatorLimits()
        limits.maxNumSeqs = maxNumSeqs
        limits.queuedJobs = maxQueuedRequests
        limits.interactiveFirst = queue.interactiveFirst
        limits.draftLength = numSpeculativeTokens
        limits.rules = rules.policy
        var configuration = CoordinatorConfiguration(
            listen: listen,
            limits: limits,
            keys: keys,
            store: store == "none" ? nil : store,
            endsJobs: endJobsAtStop,
            chatTemplates: try templates.templates(),
            software: BuildInfo.version
        )
        configuration.serving = { Lifeline.say(.serving(boot: $0)) }
        let service = CoordinatorService(configuration: configuration, logger: logger)
        try await RoleRunner.run(service, logger: logger)
    }
}
