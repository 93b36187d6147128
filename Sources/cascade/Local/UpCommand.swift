internal import ArgumentParser
internal import CascadeCore
internal import CascadeHost
internal import CascadeKeys
internal import CascadeModel
internal import CascadeNode
internal import CascadeTransport
internal import Foundation
internal import Synchronization

/// `cascade up`
struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Run a whole cluster on this machine: coordinator, drafter and expert, each its own process.",
        discussion: """
            EXAMPLES
              cascade up                                     the default pair, until Ctrl-C
              cascade up -d                                  in the background; 'cascade down' ends it
              cascade up --endpoint tcp://127.0.0.1:5570     on a port, open to every user of this machine
              cascade up --listen tcp://0.0.0.0:5570         other machines may join, with keys
              cascade up --listen tcp://0.0.0.0:5570 --roles coordinator,drafter      the expert runs elsewhere
              cascade up --drafter small.gguf --expert big.gguf
            """
    )

    @Option(help: "The drafter's model: a GGUF file or a name that 'cascade model fetch' knows.")
    var drafter = "qwen2.5-coder-0.5b"

    @Option(help: "The expert's model.")
    var expert = "qwen2.5-coder-1.5b"

    @Option(
        help: ArgumentHelp(
            "Roles that run on this machine; 'cascade join' adds others elsewhere.",
            valueName: "role,…"
        )
    )
    var roles = RoleList.all

    @Flag(name: [.customShort("d"), .customLong("detach")], help: "Return when the cluster is ready.")
    var detach = false

    @Option(help: "Compute threads of each node (default: the cores this process may use).")
    var threads: Int?

    @OptionGroup var draftModel: DraftModelOptions
    @OptionGroup var cache: CacheOptions
    @OptionGroup var pace: PaceOptions
    @OptionGroup(title: "SLED, of the expert") var sled: SLEDOptions
    @OptionGroup var queue: QueueOptions
    @OptionGroup var templates: ChatTemplateOptions
    @OptionGroup(title: "Rules") var rules: RulePolicyOptions
    @Option(
        name: .customLong("endpoint"),
        help: """
            Where this machine reaches the coordinator (default: where it listens, or a socket that only you can open).
            """
    )
    var givenEndpoint: String?

    @Option(
        help: "Where the coordinator listens; on tcp://0.0.0.0:5570 other machines can join (default: the endpoint)."
    )
    var listen: String?

    @Option(
        name: .customLong("keys"),
        help: "The folder of keys that connections need (default: none on loopback; elsewhere ~/.config/cascade/keys)."
    )
    var keysFolder: String?

    @Option(
        help: ArgumentHelp(
            """
            Keep jobs in this file, also for the next 'cascade up' (default: a file that lasts until the cluster ends, \
            so that jobs survive a crash of the coordinator; none: in memory only).
            """,
            valueName: "file|none"
        )
    )
    var store: String?

    @Option(
        help: ArgumentHelp(
            """
            Where the gateway serves HTTP, or none (default: \(HTTPAddress.standard.defaultValueDescription), or the \
            next port that is free).
            """,
            valueName: "host:port|none"
        )
    )
    var http: HTTPChoice?

    @Option(
        help: ArgumentHelp(
            "The file of API keys that HTTP requests need; see 'cascade gateway --help' (default: none).",
            valueName: "file"
        )
    )
    var apiKeys: String?

    @OptionGroup var log: LogOptions

    func validate() throws {
        try Limits.check("--threads", threads, in: Limits.threads)
        if apiKeys != nil, http == HTTPChoice.none {
            throw ValidationError("--api-keys and --http none exclude each other")
        }
        if store?.isEmpty == true { throw ValidationError("--store must name a file, or none") }
        guard roles.hasCoordinator else {
            throw ValidationError(
                "--roles must have coordinator in it: 'cascade join' adds nodes to a coordinator elsewhere"
            )
        }
        if let listen { try EndpointArgument.listen("--listen", listen) }
        // A free port of the system's choice, for one, is none that other commands could be told.
        let option = givenEndpoint == nil && listen != nil ? "--listen" : "--endpoint"
        try EndpointArgument.connect(option, endpoint)
    }

    func run() async throws {
        guard access("/dev/null", R_OK) == 0 else {
            let problem = SystemError("read", "/dev/null")
            throw CommandFailure.failed("\(problem); a cluster's processes have it as their input")
        }
        _ = try templates.templates()
        let models = try checkedModels()
        let listener = try ListenPolicy.endpoint(listen ?? endpoint)
        let keys = try clusterKeys(listener)
        if detach { return try await startDetached(keys, listener) }
        let record = try HeldRecord(endpoint: endpoint, adminKey: keys?.admin.path)
        defer { record.remove() }
        record.beginLog()
        ClusterRecord.removeJobs(endpoint: endpoint)
        defer {
            ClusterRecord.removeJobs(endpoint: endpoint)
            ClusterRecord.removeSocket(endpoint: endpoint)
        }
        let logger = log.logger("up")
        if let keys { Output.note(invitation(keys, listener)) }
        let supervisor = ClusterSupervisor(
            endpoint: endpoint,
            key: keys?.admin,
            roles: processes(models, keys, listener),
            record: record,
            logger: logger
        )
        // `up -d` ends before its cluster does.
        try await RoleRunner.run(supervisor, logger: logger, endsWithParent: false)
    }

    /// The files of the nodes that run here: they can be served, together, and there is room for them.
    private func checkedModels() throws -> [NodeRole: String] {
        var models: [NodeRole: ServableModel] = [:]
        for role in roles.nodes {
            models[role] = try PairCheck.open(ModelLocation.resolve(role == .expert ? expert : drafter))
        }
        if let drafter = models[.drafter], let expert = models[.expert] {
            try PairCheck.check(drafter: drafter, expert: expert)
        }
        if let expert = models[.expert] { try sled.check(expert) }
        if ClusterRecord.running(endpoint: endpoint) != nil { throw HeldRecord.running(endpoint) }
        try checkMemory(models)
        return models.mapValues(\.file.path)
    }

    /// Throws with the numbers where the memory for what runs here is not there.
    private func checkMemory(_ models: [NodeRole: ServableModel]) throws(CommandFailure) {
        // A coordinator alone has no model to find room for.
        guard !models.isEmpty else { return }
        let demand: MemoryDemand
        do throws(NodeError) {
            var settings = MemoryDemand.Settings.usual
            (settings.draftModel, settings.sled) = (draftModel.settings, sled.settings)
            settings.cacheLimit = cache.limit
            if let threads { settings.threads = threads }
            demand = try MemoryDemand(expert: models[.expert]?.file, drafter: models[.drafter]?.file, settings)
        } catch {
            throw .failed("\(error)")
        }
        guard let memory = AvailableMemory.read() else { return }
        if let refusal = demand.refusal(memory, limit: cache.limit) { throw .failed(refusal) }
    }

    /// The processes and their command lines.
    func processes(
        _ models: [NodeRole: String],
        _ keys: ClusterKeys?,
        _ listener: Endpoint
    ) -> [ClusterSupervisor.Role] {
        let jobs = store.map { ["--store", $0] } ?? ClusterRecord.temporaryStore(endpoint: endpoint)
        let coordinator = ["coordinator", "--listen", "\(listener)", "--log-level", log.logLevel] + jobs
        let folder = keys.map { ["--keys", $0.folder.path] } ?? []
        var processes = [
            ClusterSupervisor.Role(
                name: ClusterRecord.coordinator,
                arguments: coordinator + queue.arguments + rules.arguments + templates.arguments + folder
            )
        ]
        if let model = models[.expert] {
            let arguments = nodeArguments(.expert, model: model, keys) + sled.arguments
            processes.append(.init(name: "expert", arguments: arguments))
        }
        if let model = models[.drafter] {
            let arguments = nodeArguments(.drafter, model: model, keys) + draftModel.arguments
            processes.append(.init(name: "drafter", arguments: arguments))
        }
        if http != HTTPChoice.none {
            processes.append(.init(name: ClusterRecord.gateway, arguments: gatewayArguments(keys)))
        }
        return processes
    }

    private func gatewayArguments(_ keys: ClusterKeys?) -> [String] {
        var arguments = ["gateway", "--endpoint", endpoint, "--log-level", log.logLevel]
        if case .address(let address) = http { arguments += ["--http", address.defaultValueDescription] }
        if let apiKeys { arguments += ["--api-keys", apiKeys] }
        arguments += ["--data", ClusterRecord.dataFolder(endpoint: endpoint)]
        return arguments + (keys?.gatewayArguments ?? [])
    }

    /// Where this machine reaches the coordinator.
    private var endpoint: String {
        if let givenEndpoint { return givenEndpoint }
        guard let listen, let listener = try? ListenPolicy.endpoint(listen) else {
            return RunFolder.endpoint
        }
        return listener.local
    }

    /// The keys, where connections need some.
    private func clusterKeys(_ listener: Endpoint) throws(CommandFailure) -> ClusterKeys? {
        if listener.isLoopback, keysFolder == nil { return nil }
        do throws(KeyError) {
            return try ClusterKeys(keysFolder)
        } catch {
            throw CommandFailure(error)
        }
    }

    private func invitation(_ keys: ClusterKeys, _ listener: Endpoint) -> String {
        keys.invitation(endpoint: listener.reachable, models: [.drafter: drafter, .expert: expert])
    }

    private func nodeArguments(_ role: NodeRole, model: String, _ keys: ClusterKeys?) -> [String] {
        var arguments = [role.rawValue, "--model", model, "--endpoint", endpoint, "--log-level", log.logLevel]
        if let threads { arguments += ["--threads", "\(threads)"] }
        return arguments + cache.arguments + pace.arguments + (keys?.arguments(role) ?? [])
    }

    /// Starts the same command without `-d` in a session of its own and waits until the cluster is ready. Ctrl-C ends
    /// it.
    private func startDetached(_ keys: ClusterKeys?, _ listener: Endpoint) async throws {
        // The process that is started would say it as well, but without /proc none can be.
        _ = try HeldRecord.ownIdentity()
        try RunFolder.make()
        let logFile = ClusterRecord.log(endpoint: endpoint)
        let output = open(logFile, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw CommandFailure.failed("\(SystemError("write", logFile))") }
        defer { close(output) }
        let startLog = StartLog(logFile)
        let start = StartingProcess()
        let interrupts = Interrupts { start.interrupt() }
        defer { withExtendedLifetime(interrupts) {} }
        let told = Mutex<String?>(nil)
        // It tells why it ends: the log may lie on a full disk, or have lines of others in it.
        let process = try ChildProcess(
            executable: Program.path,
            arguments: attachedArguments,
            group: .session,
            output: output
        ) { word in
            if case .failed(let cause, _) = word { told.withLock { $0 = cause } }
        }
        start.take(process)
        let started = MonotonicClock.now()
        while MonotonicClock.seconds(since: started) < 120 {
            guard !process.isDone else {
                let code = await process.exitCode()
                if code == 0 || start.isInterrupted { throw CommandFailure.interrupted }
                throw Self.failure(told: told.withLock { $0 }, startLog)
            }
            // Whether it is ready it says itself: whoever answers at the endpoint may be another.
            if let record = ClusterRecord.running(endpoint: endpoint), record.supervisor.pid == process.pid,
                record.isReady, !start.isInterrupted
            {
                let what = roles == .all ? "cluster" : roles.defaultValueDescription
                Output.note("\(what) ready at \(endpoint); log: \(logFile); 'cascade down' ends it")
                if let http = record.http { Output.note("a page to look at: \(http); OpenAI's protocol: \(http)/v1") }
                if let keys { Output.note(invitation(keys, listener)) }
                return
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw CommandFailure.failed(
            """
            the cluster is not ready after 120 s; it is still starting, its log is \(logFile), and 'cascade down' ends \
            it
            """
        )
    }

    /// Why the cluster did not start: what it told, else the end of its log.
    private static func failure(told: String?, _ log: StartLog) -> CommandFailure {
        if let told { return .failed("the cluster did not start: \(told); its log is \(log.path)") }
        let lines = log.newLines(12)
        if !lines.isEmpty { Output.note(lines.joined(separator: "\n")) }
        return .failed("the cluster did not start; its log is \(log.path)")
    }

    /// This command line without `-d`, with all that it stands for.
    var attachedArguments: [String] {
        var arguments = ["up", "--drafter", drafter, "--expert", expert, "--endpoint", endpoint]
        arguments += ["--roles", roles.defaultValueDescription]
        arguments += ["--log-level", log.logLevel] + draftModel.arguments
        if let threads { arguments += ["--threads", "\(threads)"] }
        if let listen { arguments += ["--listen", listen] }
        if let keysFolder { arguments += ["--keys", keysFolder] }
        if let store { arguments += ["--store", store] }
        if let http { arguments += ["--http", http.defaultValueDescription] }
        if let apiKeys { arguments += ["--api-keys", apiKeys] }
        return arguments + cache.arguments + pace.arguments + queue.arguments + rules.arguments + templates.arguments
            + sled.arguments
    }
}
