internal import CascadeCore
internal import CascadeNode
internal import Foundation
internal import Logging
internal import ServiceLifecycle
internal import Synchronization

/// Runs a coordinator and nodes beside it as processes of their own, and starts again what dies.
struct ClusterSupervisor: Service {
    /// A role and the command line of its process.
    struct Role: Sendable {
        var name: String
        var arguments: [String]
    }

    let endpoint: String
    /// What it shows to its own coordinator; nil without keys.
    let key: ConnectionKey?
    let roles: [Role]
    /// The nodes among them: the cluster is ready once they are.
    let nodes: Set<NodeRole>
    let logger: Logger
    private let children = Children()

    init(endpoint: String, key: ConnectionKey? = nil, roles: [Role], nodes: Set<NodeRole>, logger: Logger) {
        self.endpoint = endpoint
        self.key = key
        self.roles = roles
        self.nodes = nodes
        self.logger = logger
    }

    func run() async throws {
        defer { ClusterRecord.remove(endpoint: endpoint) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for role in roles {
                group.addTask { try await keepRunning(role) }
            }
            group.addTask { try await announceReady() }
            try await withGracefulShutdownHandler {
                do {
                    // Not waitForAll: that would wait for the others before it told of a role that ended.
                    for try await _ in group {}
                } catch {
                    await stopAll()
                    throw error
                }
            } onGracefulShutdown: {
                children.stop()
            }
        }
        await stopAll()
    }

    /// Starts the role again whenever it ends, a little later each time; a role that ends before the cluster was ever
    /// ready will not do better the second time.
    private func keepRunning(_ role: Role) async throws {
        var quickEnds = 0
        while !children.isStopping {
            let child = try ChildProcess(
                executable: ClusterRecord.program,
                arguments: role.arguments,
                environment: Self.environment
            )
            children.add(role.name, child)
            try? ClusterRecord(
                supervisor: getpid(),
                children: children.pids,
                endpoint: endpoint,
                adminKey: key?.path
            ).write()
            let started = MonotonicTime.now()
            let code = await child.exitCode()
            guard !children.isStopping else { return }
            if code == 0, children.wasReady, NodeRole(rawValue: role.name) != nil {
                // It was drained: whoever asked for that wants it to stay away.
                logger.notice("\(role.name) has left")
                return
            }
            guard children.wasReady else {
                throw CommandFailure.failed("the \(role.name) ended with code \(code) before it was ready; see above")
            }
            quickEnds = MonotonicTime.seconds(since: started) < 10 ? quickEnds + 1 : 0
            guard quickEnds < 5 else {
                throw CommandFailure.failed("the \(role.name) ended \(quickEnds) times in a row; see above")
            }
            logger.warning("\(role.name) ended; starting it again", metadata: ["code": "\(code)"])
            try? await Task.sleep(for: .milliseconds(500 << quickEnds))
        }
    }

    /// Children are told about keys on their command lines alone.
    private static var environment: [String: String] {
        ProcessInfo.processInfo.environment.filter {
            !["CASCADE_KEY", "CASCADE_KEYS", "CASCADE_INSECURE"].contains($0.key)
        }
    }

    /// Says once when every role takes work.
    private func announceReady() async throws {
        let client = try ClusterClient(endpoint: endpoint, key: key)
        while !children.isStopping {
            if Self.isReady(try? await NodesCommand.list(client, seconds: 2), for: nodes) {
                children.setReady()
                logger.notice("the cluster is ready", metadata: ["endpoint": "\(endpoint)"])
                break
            }
            try? await Task.sleep(for: .milliseconds(200))
        }
        await client.close()
    }

    /// Whether a coordinator that answered with these nodes, nil where it did not answer, has one of each role.
    static func isReady(_ list: [NodeSummary]?, for roles: Set<NodeRole>) -> Bool {
        guard let list else { return false }
        return roles.isSubset(of: list.filter { $0.state == .ready }.map(\.role))
    }

    private func stopAll() async {
        children.stop()
        for _ in 0..<80 where !children.areDone { try? await Task.sleep(for: .milliseconds(100)) }
        children.signal(SIGKILL)
    }
}

/// The supervisor's processes, shared between its tasks.
private final class Children: Sendable {
    private struct State {
        var processes: [String: ChildProcess] = [:]
        var isStopping = false
        var wasReady = false
    }

    private let state = Mutex(State())

    func add(_ name: String, _ child: ChildProcess) {
        let isStopping = state.withLock { state in
            state.processes[name] = child
            return state.isStopping
        }
        if isStopping { child.signal(SIGTERM) }
    }

    func setReady() { state.withLock { $0.wasReady = true } }

    var wasReady: Bool { state.withLock { $0.wasReady } }

    var isStopping: Bool { state.withLock { $0.isStopping } }

    var pids: [String: Int32] { state.withLock { $0.processes.mapValues(\.pid) } }

    var areDone: Bool { state.withLock { $0.processes.values.allSatisfy(\.isDone) } }

    func stop() {
        state.withLock { $0.isStopping = true }
        signal(SIGTERM)
    }

    func signal(_ number: Int32) {
        for process in state.withLock({ Array($0.processes.values) }) { process.signal(number) }
    }
}
