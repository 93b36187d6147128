import CascadeCore
import CascadeKeys
import CascadeNode
import CascadeTestSupport
import Foundation
import Synchronization
import Testing

/// A cluster of real processes on a free port, ended with the test.
final class TestCluster: Sendable {
    /// The keys that it demands; clients show that of role client.
    private let keys: TestKeys?
    private let place: Mutex<UInt16>
    private let arguments: [String]
    private let coordinators: Mutex<[CascadeProcess]>
    private let processes = Mutex<[CascadeProcess]>([])

    /// Starts a coordinator, with `arguments` beside its endpoint, in a launcher where one is given.
    init(
        coordinator arguments: [String] = [],
        keys: TestKeys? = nil,
        environment: [String: String] = [:],
        launcher: [String] = []
    ) throws {
        self.keys = keys
        let port = try TCPSocket.freePort()
        place = Mutex(port)
        self.arguments = (keys.map { ["--keys", $0.folder.path] } ?? []) + arguments
        let line = ["coordinator", "--listen", Self.endpoint(port)] + self.arguments
        coordinators = Mutex([try CascadeProcess(line, environment: environment, launcher: launcher)])
    }

    /// A cluster of the tiny pair, ready; `arguments` are the coordinator's.
    static func tinyPair(coordinator arguments: [String] = []) async throws -> TestCluster {
        let cluster = try TestCluster(coordinator: arguments)
        try cluster.start(.expert, model: ClusterTests.expert)
        try cluster.start(.drafter, model: ClusterTests.drafter)
        try await cluster.waitForReady(2)
        return cluster
    }

    deinit { kill() }

    /// Ends all of its processes.
    func kill() {
        for process in coordinators.withLock({ $0 }) + processes.withLock({ $0 }) { process.signal(SIGKILL) }
    }

    /// The coordinator that was started last.
    var coordinator: CascadeProcess {
        get throws { try #require(coordinators.withLock { $0.last }) }
    }

    /// Where the coordinator listens.
    var port: UInt16 { place.withLock { $0 } }
    /// The same, for a command line.
    var endpoint: String { Self.endpoint(port) }

    private static func endpoint(_ port: UInt16) -> String { "tcp://127.0.0.1:\(port)" }

    /// Starts a node; `through` connects it over a link.
    @discardableResult
    func start(
        _ role: NodeRole,
        model: String,
        through link: (any TestLink)? = nil,
        arguments: [String] = [],
        environment: [String: String] = [:],
        launcher: [String] = []
    ) throws -> CascadeProcess {
        let process = try CascadeProcess(
            [role.rawValue, "--model", model, "--endpoint", Self.endpoint(link?.port ?? port)]
                + arguments,
            environment: environment,
            launcher: launcher
        )
        keep(process)
        return process
    }

    /// Starts the coordinator again, on the same port unless another is named.
    func restartCoordinator(port: UInt16? = nil, environment: [String: String] = [:]) throws {
        if let port { place.withLock { $0 = port } }
        let line = ["coordinator", "--listen", endpoint] + arguments
        let coordinator = try CascadeProcess(line, environment: environment)
        coordinators.withLock { $0.append(coordinator) }
    }

    /// Runs a client command against the cluster.
    func client(_ arguments: [String]) async throws -> CascadeProcess.Result {
        try await startClient(arguments).result()
    }

    /// Starts a client command against the cluster; `through` connects it over a link.
    func startClient(
        _ arguments: [String],
        through link: (any TestLink)? = nil,
        environment: [String: String] = [:]
    ) throws -> CascadeProcess {
        let key = arguments.contains("--key") ? nil : keys?.file(.client)
        let process = try CascadeProcess(
            arguments + ["--endpoint", Self.endpoint(link?.port ?? port)] + (key.map { ["--key", $0] } ?? []),
            environment: environment
        )
        keep(process)
        return process
    }

    /// Ends it with the cluster; those that have ended by themselves are forgotten.
    private func keep(_ process: CascadeProcess) {
        processes.withLock { processes in
            processes.removeAll(where: \.isDone)
            processes.append(process)
        }
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

/// What stands between a process and the coordinator.
protocol TestLink: Sendable {
    /// Where to connect to instead.
    var port: UInt16 { get }
}

extension FaultProxy: TestLink {}

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
