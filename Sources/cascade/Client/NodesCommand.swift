internal import ArgumentParser
internal import CascadeCore
internal import CascadeHost
internal import CascadeNode
internal import Foundation

/// `cascade nodes`
struct NodesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nodes",
        abstract: "List the drafters and experts of the cluster, or drain one of them.",
        discussion: """
            EXAMPLES
              cascade nodes
              cascade nodes --json
              cascade nodes drain expert-2

            \(DefaultVerb.options(NodesListCommand.self))
            """,
        subcommands: [NodesListCommand.self, NodesDrainCommand.self],
        defaultSubcommand: NodesListCommand.self
    )
}

/// `cascade nodes list`
struct NodesListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the drafters and experts of the cluster.",
        discussion: """
            LOAD: requests that the node has, of those that it accepts. PASS: time of a pass of one token. BUSY: share \
            of the last ten seconds that the node spent in passes. CORES: processor time that its process used in \
            them. If a node fails job after job and another node can do its work, it is out of use for a pause, which \
            doubles each time; a line below the table says why. In a cluster with keys a second table says whose \
            running sequences each node has and how many tokens of its cache they hold: those of your own owner, or, \
            with an admin's key, of all owners.

            EXAMPLES
              cascade nodes
              cascade nodes --json
            """
    )

    @Flag(help: "Print a JSON array.")
    var json = false

    @OptionGroup var endpoint: EndpointOptions

    func run() async throws {
        let nodes = try await endpoint.withClient { client in try await client.nodes(seconds: 5) }
        if json { return try Output.json(nodes.map(NodeView.init)) }
        guard !nodes.isEmpty else {
            return try Output.line("no nodes; start some with 'cascade drafter' and 'cascade expert'")
        }
        // Most clusters have one pool: a column of nothing but `default` takes the place of words.
        let showsPool = nodes.contains { $0.pool != "default" }
        var rows = [["NODE", "ROLE", "STATE", "MODEL", "LOAD", "PASS", "BUSY", "CORES"]]
        for node in nodes.map(NodeView.init) {
            rows.append([
                node.nodeId, node.role, node.outOfUse == nil ? node.state : "out of use", node.model,
                "\(node.inFlight)/\(node.credits)",
                node.costs.first.map { decimalText($0.ms, 1) + " ms" } ?? "",
                node.busyFraction.map { "\(decimalText(100 * $0, 0)) %" } ?? "",
                node.cpuCores.map { decimalText($0, 2) } ?? "",
            ])
        }
        if showsPool {
            for (index, pool) in (["POOL"] + nodes.map(\.pool)).enumerated() { rows[index].insert(pool, at: 2) }
        }
        try Output.line(Table.text(rows, shortened: showsPool ? 4 : 3))
        try showOwners(nodes)
        for node in nodes {
            guard let rest = node.rest else { continue }
            let seconds = decimalText(rest.milliseconds / 1_000, 0)
            try Output.line("\(node.identity.name) is out of use, tried again in \(seconds) s: \(rest.reason)")
        }
    }
}

/// Whose sequences nodes have.
private func showOwners(_ nodes: [NodeSummary]) throws {
    var rows = [["NODE", "OWNER", "SEQUENCES", "KV TOKENS"]]
    for node in nodes {
        for share in node.shares {
            rows.append([
                node.identity.name, Printable.line(share.owner), "\(share.sequences)", "\(share.tokens)",
            ])
        }
    }
    guard rows.count > 1 else { return }
    try Output.line("")
    try Output.line(Table.text(rows))
}

/// One node, as `cascade nodes --json` prints it.
struct NodeView: Encodable {
    struct Cost: Encodable {
        var rows: UInt32
        var ms: Double
    }

    struct Share: Encodable {
        var owner: String
        var sequences: UInt32
        var kvTokens: UInt32
    }

    struct OutOfUse: Encodable {
        var reason: String
        var retryMs: Double
    }

    var nodeId: String
    var role: String
    var pool: String
    var model: String
    var state: String
    var inFlight: UInt32
    var credits: UInt32
    var contextLength: UInt32
    var kvTokens: UInt32
    var kvTokensUsed: UInt32
    var prefixCacheHitTokens: UInt64
    var passes: UInt64
    var pending: UInt32
    var busyMs: UInt64
    var busyFraction: Double?
    var cpuCores: Double?
    var host: String
    var synthetic: Bool
    var silentMs: Double
    var software: String
    var costs: [Cost]
    var outOfUse: OutOfUse?
    var owners: [Share]

    init(_ node: NodeSummary) {
        nodeId = node.identity.name
        role = node.role.rawValue
        pool = node.pool
        model = node.modelName
        state = node.state.name
        inFlight = node.inFlight
        credits = node.credits
        contextLength = node.contextLength
        kvTokens = node.kvTokens
        kvTokensUsed = node.progress.kvTokensUsed
        prefixCacheHitTokens = node.progress.prefixCacheHitTokens
        passes = node.progress.passes
        pending = node.progress.pending
        busyMs = node.progress.busyMilliseconds
        busyFraction = node.busyFraction
        cpuCores = node.cpuFraction
        host = node.host
        synthetic = node.isSynthetic
        silentMs = node.silentMilliseconds
        software = node.software
        costs = node.costs.map { Cost(rows: $0.rows, ms: $0.milliseconds) }
        outOfUse = node.rest.map { OutOfUse(reason: $0.reason, retryMs: $0.milliseconds) }
        owners = node.shares.map { Share(owner: $0.owner, sequences: $0.sequences, kvTokens: $0.tokens) }
    }
}

/// `cascade nodes drain`
struct NodesDrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain",
        abstract: "Let a node finish its requests and leave.",
        discussion: """
            The node gets no new requests and answers those that it has; then its process ends. Its sequences continue \
            on other nodes of the pool with their next round, and none of them loses a token. If there is no other \
            expert, they wait for one. The command returns when the node has left.

            EXAMPLES
              cascade nodes drain expert-2
              cascade nodes drain expert-2 --no-wait
            """
    )

    @Argument(help: "The node's name, as 'cascade nodes' shows it.")
    var node: String

    @Flag(help: "Return as soon as the node gets no new requests.")
    var noWait = false

    @Option(
        help: "Seconds to wait; after that the command returns, and the node still drains (default: 600).",
        transform: Seconds.parse
    )
    var seconds: Seconds = 600

    @OptionGroup var endpoint: EndpointOptions

    func run() async throws {
        try await endpoint.withClient { client in
            let draining = try await ask(client)
            if noWait { return Output.note("\(Printable.line(node)) gets no new requests") }
            try await waitUntilGone(draining, client)
            Output.note("\(Printable.line(node)) has left")
        }
    }

    /// Asks for the drain; the node as it was then.
    private func ask(_ client: ClusterClient) async throws -> NodeSummary {
        let id = UInt64.random(in: 1...UInt64.max)
        let request = Message.drainNode(DrainNode(requestID: id, name: node))
        return try await client.request(request, seconds: 5) { message in
            if case .nodeList(let list) = message, list.requestID == id { list.nodes.first } else { nil }
        }
    }

    private func waitUntilGone(_ draining: NodeSummary, _ client: ClusterClient) async throws {
        let started = MonotonicClock.now()
        var told = draining.inFlight + 1
        while true {
            let nodes = try await client.nodes(seconds: 5)
            // Another process of that name is another node.
            guard let now = nodes.first(where: { $0.identity == draining.identity }) else { return }
            if now.inFlight < told {
                told = now.inFlight
                Output.note("\(Printable.line(node)) is draining: \(plural(told, "request")) in flight")
            }
            guard MonotonicClock.seconds(since: started) < seconds.value else {
                throw CommandFailure.failed(
                    """
                    \(node) still has \(plural(now.inFlight, "request")) after \(secondsText(seconds.value)) s; it \
                    still drains
                    """
                )
            }
            try await Task.sleep(for: .milliseconds(200))
        }
    }
}
