internal import ArgumentParser
internal import CascadeCore
internal import CascadeNode
internal import CascadeTransport
internal import Foundation

/// `cascade up`
struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Run a whole cluster on this machine: coordinator, drafter and expert, each its own process.",
        discussion: """
            EXAMPLES
              cascade up                                     the default pair, until Ctrl-C
              cascade up -d                                  in the background; 'cascade down' ends it
              cascade up --listen tcp://0.0.0.0:5570         other machines may join, with keys
              cascade up --drafter small.gguf --expert big.gguf
            """
    )

    @Option(help: "The drafter's model: a GGUF file or a name that 'cascade model fetch' knows.")
    var drafter = "qwen2.5-coder-0.5b"

    @Option(help: "The expert's model.")
    var expert = "qwen2.5-coder-1.5b"

    @Flag(name: [.customShort("d"), .customLong("detach")], help: "Return when the cluster is ready.")
    var detach = false

    @Option(help: "Compute threads of each node (default: the cores this process may use).")
    var threads: Int?

    @OptionGroup var draftModel: DraftModelOptions
    @OptionGroup var cache: CacheOptions
    @OptionGroup(title: "SLED, of the expert") var sled: SLEDOptions
    @OptionGroup(title: "Rules") var rules: RulePolicyOptions
    @Option(
        name: .customLong("endpoint"),
        help: "Where this machine reaches the coordinator (default: where it listens, or tcp://127.0.0.1:5570)."
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

    @OptionGroup var log: LogOptions

    func run() async throws {
        let drafterPath = try ModelLocation.resolve(drafter)
        let expertPath = try ModelLocation.resolve(expert)
        try PairCheck.check(drafter: drafterPath, expert: expertPath)
        try sled.check(model: expertPath)
        if let record = ClusterRecord.read(endpoint: endpoint), ClusterRecord.isOurs(record.supervisor) {
            throw CommandFailure.failed(
                "a cluster already runs at \(endpoint) (process \(record.supervisor)); 'cascade down' ends it"
            )
        }
        try UpMemory.check(
            expert: expertPath,
            drafter: drafterPath,
            .init(draftModel: draftModel.settings, cacheLimit: cache.limit, sled: sled.settings, threads: threads)
        )
        let listener = try ListenPolicy.endpoint(listen ?? endpoint)
        let keys = try clusterKeys(listener)
        if detach { return try await startDetached(keys, listener) }
        let logger = log.logger("up")
        if let keys { Output.note(invitation(keys, listener)) }
        let supervisor = ClusterSupervisor(
            endpoint: endpoint,
            key: keys?.admin,
            roles: [
                .init(
                    name: "coordinator",
                    arguments: ["coordinator", "--listen", "\(listener)", "--log-level", log.logLevel]
                        + rules.arguments + (keys.map { ["--keys", $0.folder.path] } ?? [])
                ),
                .init(name: "expert", arguments: nodeArguments(.expert, model: expertPath, keys) + sled.arguments),
                .init(
                    name: "drafter",
                    arguments: nodeArguments(.drafter, model: drafterPath, keys) + draftModel.arguments
                ),
            ],
            logger: logger
        )
        try await RoleRunner.run(supervisor, logger: logger)
    }

    /// Where this machine reaches the coordinator.
    private var endpoint: String {
        if let givenEndpoint { return givenEndpoint }
        guard let listen, let listener = try? ListenPolicy.endpoint(listen) else {
            return EndpointOptions.defaultEndpoint
        }
        return HostAddress.local(listener)
    }

    /// The keys, where connections need some.
    private func clusterKeys(_ listener: Endpoint) throws(CommandFailure) -> ClusterKeys? {
        if listener.isLoopback, keysFolder == nil { return nil }
        do throws(NodeError) {
            return try ClusterKeys(keysFolder)
        } catch {
            throw CommandFailure(error)
        }
    }

    private func invitation(_ keys: ClusterKeys, _ listener: Endpoint) -> String {
        keys.invitation(listen: listener, models: [.drafter: drafter, .expert: expert])
    }

    private func nodeArguments(_ role: NodeRole, model: String, _ keys: ClusterKeys?) -> [String] {
        var arguments = [role.rawValue, "--model", model, "--endpoint", endpoint, "--log-level", log.logLevel]
        if let threads { arguments += ["--threads", "\(threads)"] }
        return arguments + cache.arguments + (keys?.arguments(role) ?? [])
    }

    /// Starts the same command without `-d` in a session of its own and waits until the cluster is ready.
    private func startDetached(_ keys: ClusterKeys?, _ listener: Endpoint) async throws {
        let logFile = ClusterRecord.log(endpoint: endpoint)
        try FileManager.default.createDirectory(at: ClusterRecord.directory, withIntermediateDirectories: true)
        try Data().write(to: logFile)
        let output = try FileHandle(forWritingTo: logFile)
        var arguments = ["up", "--drafter", drafter, "--expert", expert, "--endpoint", endpoint]
        arguments += ["--log-level", log.logLevel] + draftModel.arguments
        if let threads { arguments += ["--threads", "\(threads)"] }
        if let listen { arguments += ["--listen", listen] }
        if let keysFolder { arguments += ["--keys", keysFolder] }
        arguments += cache.arguments + rules.arguments + sled.arguments
        let process = try ChildProcess(
            executable: ClusterRecord.program,
            arguments: arguments,
            group: .session,
            output: output.fileDescriptor
        )
        try await EndpointOptions.withClient(endpoint, keys?.admin) { client in
            for _ in 0..<600 {
                guard !process.isDone else {
                    let lines = (try? String(contentsOf: logFile, encoding: .utf8)) ?? ""
                    Output.note(lines.split(separator: "\n").suffix(12).joined(separator: "\n"))
                    throw CommandFailure.failed("the cluster did not start; its log is \(logFile.path)")
                }
                let nodes = (try? await NodesCommand.list(client, seconds: 1)) ?? []
                let ready = nodes.filter { $0.state == .ready }.map(\.role)
                if ready.contains(.expert), ready.contains(.drafter) {
                    Output.note("cluster ready at \(endpoint); log: \(logFile.path); 'cascade down' ends it")
                    if let keys { Output.note(invitation(keys, listener)) }
                    return
                }
                try await Task.sleep(for: .milliseconds(200))
            }
            throw CommandFailure.failed("the cluster is not ready after 120 s; its log is \(logFile.path)")
        }
    }
}
