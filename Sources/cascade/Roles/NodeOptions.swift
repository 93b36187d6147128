internal import ArgumentParser
internal import CascadeCore
internal import CascadeHost
internal import CascadeKeys
internal import CascadeModel
internal import CascadeNode
internal import Foundation
internal import Logging

/// What drafter and expert have in common.
struct NodeOptions: ParsableArguments {
    /// Tokens of a pass where nothing is said.
    static let defaultMaxBatchedTokens = 64

    @Option(help: "The model: a GGUF file, or a name that 'cascade model fetch' knows and has fetched.")
    var model: String?

    @OptionGroup var endpoint: EndpointOptions

    @Option(help: "The pool to join.")
    var pool = "default"

    @Option(help: "The node's name in the cluster (default: role, host and process id).")
    var nodeId: String?

    @Option(help: "Compute threads (default: the cores this process may use).")
    var threads: Int?

    @Option(
        help: """
            Maximum number of tokens in one sequence, prompt and answer (default: the model's limit, or the cache if \
            smaller).
            """
    )
    var ctxSize: Int?

    @OptionGroup var cache: CacheOptions

    @Option(help: "Maximum number of tokens in one forward pass; a longer prompt takes several passes.")
    var maxNumBatchedTokens = Self.defaultMaxBatchedTokens

    @OptionGroup var pace: PaceOptions

    @Option(help: "Requests that the coordinator may have outstanding at this node.")
    var credits = 16

    @Option(
        help: ArgumentHelp(
            "How processes that share cores take turns, pass by pass: auto, none or a file that they all name.",
            discussion: """
                auto uses a file in the temporary folder, named after the user and the cores that the process may use; \
                if its threads leave half of these cores free, it takes no turns. Containers of one host need a volume \
                with the file.
                """,
            valueName: "auto|none|file"
        )
    )
    var turnLock = "auto"

    @OptionGroup(title: "Research") var synthetic: SyntheticOptions
    @OptionGroup var log: LogOptions

    func validate() throws {
        guard (model == nil) != (synthetic.settings == nil) else {
            throw ValidationError(
                model == nil ? "a node needs --model" : "--model and --synthetic-acceptance exclude each other"
            )
        }
        try Limits.check("--threads", threads, in: Limits.threads)
        try Limits.check("--ctx-size", ctxSize, in: Limits.context)
        try Limits.check("--max-num-batched-tokens", maxNumBatchedTokens, in: 40...4_096)
        try Limits.check("--credits", credits, in: 1...1_024)
    }

    /// The key to show; one of another role is of no use.
    private func connectionKey(_ role: NodeRole) throws(CommandFailure) -> ConnectionKey? {
        let key = try endpoint.namedKey()
        if let key, key.role != KeyRole(role) {
            throw .usage(
                "\(key.path) is a key of role \(key.role.rawValue); this node needs one of role \(role.rawValue)"
            )
        }
        return key
    }

    /// Runs the role until it ends.
    func run(
        role: NodeRole,
        draftModel: DraftModelSettings = DraftModelSettings(),
        sled: SLEDSettings? = nil
    ) async throws {
        let logger = log.logger(role.rawValue)
        try EndpointArgument.connect("--endpoint", endpoint.endpoint)
        let key = try connectionKey(role)
        let path = try model.map(ModelLocation.resolve) ?? ""
        let host = ProcessInfo.processInfo.hostName
        let threads = threads ?? AvailableCores.count()
        logger.info("starting", metadata: ["version": "\(BuildInfo.version)", "threads": "\(threads)"])
        var configuration = NodeConfiguration(
            role: role,
            modelPath: path,
            endpoint: endpoint.endpoint,
            key: key,
            pool: pool,
            nodeName: nodeId ?? "\(role.rawValue)-\(host)-\(ProcessInfo.processInfo.processIdentifier)",
            threads: threads,
            contextLength: ctxSize,
            cacheLimit: cache.limit,
            maxBatchedTokens: maxNumBatchedTokens,
            maxInterTokenMilliseconds: pace.milliseconds,
            credits: credits,
            draftModel: draftModel,
            sled: sled,
            turnLock: TurnLockChoice(turnLock),
            synthetic: synthetic.settings,
            software: BuildInfo.version
        )
        configuration.serving = { Lifeline.say(.serving(boot: $0)) }
        configuration.drained = { Lifeline.say(.drained) }
        do {
            let service = try NodeService(
                configuration: configuration,
                incarnation: UInt64.random(in: 1...UInt64.max),
                logger: logger
            )
            try await RoleRunner.run(service, logger: logger)
        } catch let error as NodeError {
            throw CommandFailure(error)
        }
    }
}

/// `cascade drafter`
struct DrafterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drafter",
        abstract: "Run a drafter: a small model that proposes tokens.",
        discussion: """
            EXAMPLES
              cascade drafter --model qwen2.5-coder-0.5b
              cascade drafter --model small.gguf --endpoint tcp://10.0.0.1:5570 --threads 4
              cascade drafter --model small.gguf --draft-vocabulary 32768
            """
    )

    @OptionGroup var options: NodeOptions
    @OptionGroup var draftModel: DraftModelOptions

    func run() async throws {
        try await options.run(role: .drafter, draftModel: draftModel.settings)
    }
}

/// `cascade expert`
struct ExpertCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "expert",
        abstract: "Run an expert: the large model that scores drafts.",
        discussion: """
            EXAMPLES
              cascade expert --model qwen2.5-coder-1.5b
              cascade expert --model big.gguf --endpoint tcp://10.0.0.1:5570 --threads 16 --kv-cache-memory-bytes 4GiB
              cascade expert --model qwen2.5-coder-1.5b --sled-layers 7,14,21
            """
    )

    @OptionGroup var options: NodeOptions
    @OptionGroup(title: "SLED") var sled: SLEDOptions

    func run() async throws {
        try await options.run(role: .expert, sled: sled.settings)
    }
}
