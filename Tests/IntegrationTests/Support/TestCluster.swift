import CascadeCore
import CascadeNode
import Foundation
import Synchronization
import Testing

/// A cluster of real processes on a free port, ended with the test.
final class TestCluster: Sendable {
    let port: UInt16
    let endpoint: String
    /// The keys that it demands; clients show that of role client.
    private let keys: TestKeys?
    private let coordinators: Mutex<[CascadeProcess]>
    private let processes = Mutex<[CascadeProcess]>([])

    /// Starts a coordinator, with `arguments` beside its endpoint.
    init(
        coordinator arguments: [String] = [],
        keys: TestKeys? = nil,
        environment: [String: String] = [:]
    ) throws {
        self.keys = keys
        port = try LoopbackSocket.freePort()
        endpoint = "tcp://127.0.0.1:\(port)"
        let demanded = keys.map { ["--keys", $0.folder.path] } ?? []
        coordinators = Mutex([
            try CascadeProcess(["coordinator", "--listen", endpoint] + demanded + arguments, environment: environment)
        ])
    }

    /// A cluster of the tiny pair, ready; `arguments` are the coordinator's.
    static func tinyPair(coordinator arguments: [String] = []) async throws -> TestCluster {
        let cluster = try TestCluster(coordinator: arguments)
        try cluster.start(.expert, model: ClusterTests.expert)
        try cluster.start(.drafter, model: ClusterTests.drafter)
        try await cluster.waitForReady(2)
        return cluster
    }

    deinit {
        for process in coordinators.withLock({ $0 }) + processes.withLock({ $0 }) { process.signal(SIGKILL) }
    }

    /// The coordinator that was started last.
    var coordinator: CascadeProcess {
        get throws { try #require(coordinators.withLock { $0.last }) }
    }

    /// Starts a node; `through` connects it over a tap.
    @discardableResult
    func start(
        _ role: NodeRole,
        model: String,
        through tap: WireTap? = nil,
        arguments: [String] = [],
        environment: [String: String] = [:],
        launcher: [String] = []
    ) throws -> CascadeProcess {
        let process = try CascadeProcess(
            [role.rawValue, "--model", model, "--endpoint", tap.map { "tcp://127.0.0.1:\($0.port)" } ?? endpoint]
                + arguments,
            environment: environment,
            launcher: launcher
        )
        processes.withLock { $0.append(process) }
        return process
    }

    /// Starts the coordinator again on the same port.
    func restartCoordinator() throws {
        let coordinator = try CascadeProcess(["coordinator", "--listen", endpoint])
        coordinators.withLock { $0.append(coordinator) }
    }

    /// Runs a client command against the cluster.
    func client(_ arguments: [String]) async throws -> CascadeProcess.Result {
        try await startClient(arguments).result()
    }

    /// Starts a client command against the cluster.
    func startClient(_ arguments: [String], environment: [String: String] = [:]) throws -> CascadeProcess {
        let key = arguments.contains("--key") ? nil : keys?.file(.client)
        let process = try CascadeProcess(
            arguments + ["--endpoint", endpoint] + (key.map { ["--key", $0] } ?? []),
            environment: environment
        )
        processes.withLock { $0.append(process) }
        return process
    }

    /// The cluster's nodes.
    func nodes() async throws -> [NodeLine] {
        let result = try await client(["nodes", "--json"])
        guard result.code == 0 else { return [] }
        return try JSONDecoder().decode([NodeLine].self, from: Data(result.output.utf8))
    }

    /// Waits until `count` nodes are ready.
    func waitForReady(_ count: Int, seconds: Double = 60, sourceLocation: SourceLocation = #_sourceLocation)
        async throws
    {
        try await waitUntil("\(count) nodes are ready", seconds: seconds, sourceLocation: sourceLocation) {
            try await nodes().filter { $0.state == "ready" }.count == count
        }
    }
}

/// One entry of `cascade nodes --json`, as far as tests read it.
struct NodeLine: Decodable {
    var node_id: String
    var role: String
    var pool: String
    var model: String
    var state: String
}

/// Waits for a condition, and fails the test when it does not come.
func waitUntil(
    _ what: String,
    seconds: Double = 30,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let end = Date.now + seconds
    while Date.now < end {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(50))
    }
    Issue.record("waited \(seconds) s in vain until \(what)", sourceLocation: sourceLocation)
    throw CancellationError()
}
