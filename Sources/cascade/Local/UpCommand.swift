internal import ArgumentParser
internal import CascadeCore
internal import CascadeNode
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
    @OptionGroup var endpoint: EndpointOptions
    @OptionGroup var log: LogOptions

    func run() async throws {
        let drafterPath = try ModelLocation.resolve(drafter)
        let expertPath = try ModelLocation.resolve(expert)
        try PairCheck.check(drafter: drafterPath, expert: expertPath)
        try sled.check(model: expertPath)
        if let record = ClusterRecord.read(endpoint: endpoint.endpoint), ClusterRecord.isOurs(record.supervisor) {
            throw CommandFailure.failed(
                "a cluster already runs at \(endpoint.endpoint) (process \(record.supervisor)); 'cascade down' ends it"
            )
        }
        try UpMemory.check(
            expert: expertPath,
            drafter: drafterPath,
            .init(draftModel: draftModel.settings, cacheLimit: cache.limit, sled: sled.settings, threads: threads)
        )
        if detach { return try await startDetached() }
        let logger = log.logger("up")
        let supervisor = ClusterSupervisor(
            endpoint: endpoint.endpoint,
            roles: [
                .init(
                    name: "coordinator",
                    arguments: ["coordinator", "--listen", endpoint.endpoint, "--log-level", log.logLevel]
                        + rules.arguments
                ),
                .init(name: "expert", arguments: nodeArguments("expert", model: expertPath) + sled.arguments),
                .init(name: "drafter", arguments: nodeArguments("drafter", model: drafterPath) + draftModel.arguments),
            ],
            logger: logger
        )
        try await RoleRunner.run(supervisor, logger: logger)
    }

    private func nodeArguments(_ role: String, model: String) -> [String] {
        var arguments = [role, "--model", model, "--endpoint", endpoint.endpoint, "--log-level", log.logLevel]
        if let threads { arguments += ["--threads", "\(threads)"] }
        return arguments + cache.arguments
    }

    /// Starts the same command without `-d` in a session of its own and waits until the cluster is ready.
    private func startDetached() async throws {
        let logFile = ClusterRecord.log(endpoint: endpoint.endpoint)
        try FileManager.default.createDirectory(at: ClusterRecord.directory, withIntermediateDirectories: true)
        try Data().write(to: logFile)
        let output = try FileHandle(forWritingTo: logFile)
        var arguments = ["up", "--drafter", drafter, "--expert", expert, "--endpoint", endpoint.endpoint]
        arguments += ["--log-level", log.logLevel] + draftModel.arguments
        if let threads { arguments += ["--threads", "\(threads)"] }
        arguments += cache.arguments + rules.arguments + sled.arguments
        let process = try ChildProcess(
            executable: ClusterRecord.program,
            arguments: arguments,
            group: .session,
            output: output.fileDescriptor
        )
        try await endpoint.withClient { client in
            for _ in 0..<600 {
                guard !process.isDone else {
                    let lines = (try? String(contentsOf: logFile, encoding: .utf8)) ?? ""
                    Output.note(lines.split(separator: "\n").suffix(12).joined(separator: "\n"))
                    throw CommandFailure.failed("the cluster did not start; its log is \(logFile.path)")
                }
                let nodes = (try? await NodesCommand.list(client, seconds: 1)) ?? []
                let ready = nodes.filter { $0.state == .ready }.map(\.role)
                if ready.contains(.expert), ready.contains(.drafter) {
                    Output.note("cluster ready at \(endpoint.endpoint); log: \(logFile.path); 'cascade down' ends it")
                    return
                }
                try await Task.sleep(for: .milliseconds(200))
            }
            throw CommandFailure.failed("the cluster is not ready after 120 s; its log is \(logFile.path)")
        }
    }
}
