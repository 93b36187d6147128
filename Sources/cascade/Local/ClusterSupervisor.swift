internal import CascadeCore
internal import CascadeHost
internal import CascadeKeys
internal import CascadeNode
internal import Foundation
internal import Logging
internal import ServiceLifecycle
internal import Synchronization

/// Runs a coordinator and nodes beside it as processes of their own, and starts again what dies.
///
/// Its cluster is ready when its own processes are: whoever else answers at the endpoint is a stranger. Its nodes are
/// started once its own coordinator answers there, so that they never join another.
struct ClusterSupervisor: Service {
    /// A role and the command line of its process.
    struct Role: Sendable {
        var name: String
        var arguments: [String]
        /// The program; nil for this very one.
        var executable: String?

        /// Whether it is started once the coordinator is there.
        var needsCoordinator: Bool { name != ClusterRecord.coordinator }
    }

    /// Where this machine reaches the coordinator.
    let endpoint: String
    /// What it shows to its own coordinator; nil without keys.
    let key: ConnectionKey?
    /// The coordinator and the nodes.
    let roles: [Role]
    /// What it tells other commands.
    let record: HeldRecord
    let logger: Logger
    /// Seconds that processes have for their end once they were asked, before they are killed.
    let graceSeconds: Int
    private let children = Children()

    init(
        endpoint: String,
        key: ConnectionKey?,
        roles: [Role],
        record: HeldRecord,
        logger: Logger,
        graceSeconds: Int = 8
    ) {
        (self.endpoint, self.key, self.roles) = (endpoint, key, roles)
        (self.record, self.logger, self.graceSeconds) = (record, logger, graceSeconds)
    }

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for role in roles {
                group.addTask {
                    if role.needsCoordinator { try await children.waitUntil(\.isOpen) }
                    try await keepRunning(role)
                }
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
                // Beside the group, which waits for the very processes that this kills where they do not end.
                Task { await stopAll() }
            }
        }
        await stopAll()
    }

    /// Starts the role again whenever it ends, a little later each time, as ``RestartPolicy`` has it.
    private func keepRunning(_ role: Role) async throws {
        var policy = RestartPolicy(role: role.name)
        while !children.isStopping {
            let child = try start(role)
            let started = MonotonicClock.now()
            let code = await child.exitCode()
            guard !children.isStopping else { return }
            let end = children.takeEnd(role.name) ?? Self.end(code)
            let verdict = policy.judge(
                end,
                code: code,
                afterSeconds: MonotonicClock.seconds(since: started),
                wasReady: children.wasReady,
                // Else the role has told its cause itself, to who sees its output.
                isHeard: Lifeline.isThere
            )
            switch verdict {
            case .stayAway: return logger.notice("\(role.name) was drained and has left")
            case .giveUp(let cause): throw CommandFailure.failed(cause)
            case .startAgain(let pause):
                record.update { $0.troubles[role.name] = end.cause }
                logger.warning(
                    "\(role.name) ended; starting it again",
                    metadata: ["code": "\(code)", "cause": "\(end.cause)", "in": "\(Double(pause) / 1_000) s"]
                )
                try? await cancelWhenGracefulShutdown { try await Task.sleep(for: .milliseconds(pause)) }
            }
        }
    }

    private func start(_ role: Role) throws -> ChildProcess {
        children.forget(role.name)
        let child = try ChildProcess(
            executable: role.executable ?? Program.path,
            arguments: role.arguments,
            environment: Self.environment(of: ProcessInfo.processInfo.environment)
        ) { [children, record] word in
            switch word {
            case .serving(let boot):
                children.note(role.name, serving: boot)
                record.update { $0.troubles[role.name] = nil }
            case .failed(let cause, let mayPass):
                children.note(role.name, end: Children.End(cause: cause, mayPass: mayPass))
            case .listening(let url): record.update { $0.http = url }
            case .drained:
                children.note(role.name, end: Children.End(cause: "it was drained", mayPass: false, isDrained: true))
            }
        }
        children.add(role.name, child)
        record.update { $0.children[role.name] = ProcessIdentity(pid: child.pid) }
        return child
    }

    /// The end of a process that said nothing.
    static func end(_ code: Int32) -> Children.End {
        switch code {
        // A role ends with code 0 when a signal asks it to, and this supervisor sent none.
        case 0, -SIGTERM, -SIGINT, -SIGHUP: Children.End(cause: "a signal from outside ended it", mayPass: true)
        // Nobody but people, and the kernel where memory is short, sends that one.
        case -SIGKILL: Children.End(cause: "it was killed, perhaps because memory ran out", mayPass: true)
        case -SIGABRT:
            // Libraries abort where they get no thread, and the cause is on standard error at best.
            Children.End(cause: "it died of signal 6" + threadHint(ProcessLimits.read()), mayPass: false)
        case ..<0: Children.End(cause: "it died of signal \(-code)", mayPass: false)
        default: Children.End(cause: "it ended with code \(code)", mayPass: false)
        }
    }

    /// What may have been behind a process's giving up, where that is likely.
    static func threadHint(_ limits: ProcessLimits, cores: Int = AvailableCores.inMask) -> String {
        limits.low(cores: cores).map { ", perhaps for the limit of processes and threads: \($0)" } ?? ""
    }

    /// Children are told about keys on their command lines alone.
    static func environment(of own: [String: String]) -> [String: String] {
        own.filter { !["CASCADE_KEY", "CASCADE_KEYS", "CASCADE_INSECURE"].contains($0.key) }
    }

    /// Says once when every role takes work.
    private func announceReady() async throws {
        try await children.waitUntil { $0.serving(ClusterRecord.coordinator) != nil }
        let client = try ClusterClient(endpoint: endpoint, key: key)
        do {
            try await meet(client)
            await client.close()
        } catch {
            await client.close()
            throw error
        }
        children.open()
        try await children.waitUntil { children in
            guard let boot = children.serving(ClusterRecord.coordinator) else { return false }
            return roles.allSatisfy { children.serving($0.name) == boot }
        }
        guard !children.isStopping else { return }
        children.setReady()
        record.update { $0.isReady = true }
        var metadata: Logger.Metadata = ["endpoint": "\(endpoint)"]
        if let http = record.http { metadata["http"] = "\(http)" }
        logger.notice("the cluster is ready", metadata: metadata)
    }

    /// Waits until the coordinator that was started answers at the endpoint; throws where another does.
    private func meet(_ client: ClusterClient) async throws {
        while !children.isStopping {
            let request = StatusRequest(requestID: UInt64.random(in: 1...UInt64.max))
            let answer = try? await client.request(.statusRequest(request), seconds: 2) { message in
                if case .clusterStatus(let status) = message { status.boot } else { nil }
            }
            // One that has just ended is nobody's rival: what answered may have been itself.
            if let answer, let serving = children.serving(ClusterRecord.coordinator) {
                guard answer != serving else { return }
                throw CommandFailure.failed(
                    """
                    another coordinator answers at \(endpoint), not the one that was started: give that one's address \
                    with --endpoint
                    """
                )
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private func stopAll() async {
        children.stop()
        for _ in 0..<(10 * graceSeconds) where !children.areDone { try? await Task.sleep(for: .milliseconds(100)) }
        children.signal(SIGKILL)
    }
}

/// A supervisor's processes and what they tell, shared between its tasks.
final class Children: Sendable {
    /// Why a process ended.
    struct End: Equatable, Sendable {
        /// For people.
        var cause: String
        /// Whether it may do better later, without anybody's changing how it is started.
        var mayPass: Bool
        /// Whether an operator drained it, who wants it to stay away.
        var isDrained = false
    }

    private struct State {
        var processes: [String: ChildProcess] = [:]
        /// By role: the boot in which it does its work.
        var serving: [String: UInt64] = [:]
        var ends: [String: End] = [:]
        var isOpen = false
        var isStopping = false
        var wasReady = false
    }

    private let state = Mutex(State())

    /// Takes the process of a role.
    func add(_ name: String, _ child: ChildProcess) {
        let isStopping = state.withLock { state in
            state.processes[name] = child
            return state.isStopping
        }
        if isStopping { child.signal(SIGTERM) }
    }

    /// Forgets what the last process of a role told.
    func forget(_ name: String) {
        state.withLock { ($0.serving[name], $0.ends[name]) = (nil, nil) }
    }

    /// A role does its work.
    func note(_ name: String, serving boot: UInt64) { state.withLock { $0.serving[name] = boot } }

    /// A role says why it ends.
    func note(_ name: String, end: End) { state.withLock { $0.ends[name] = end } }

    /// The boot in which a role does its work; nil while it does none.
    func serving(_ name: String) -> UInt64? { state.withLock { $0.serving[name] } }

    /// Why a role's process said it ended; nil where it said nothing.
    func takeEnd(_ name: String) -> End? {
        state.withLock { state in
            state.serving[name] = nil
            return state.ends.removeValue(forKey: name)
        }
    }

    /// Lets nodes be started.
    func open() { state.withLock { $0.isOpen = true } }

    /// Whether nodes may be started: the coordinator is there.
    var isOpen: Bool { state.withLock { $0.isOpen } }

    /// All take work.
    func setReady() { state.withLock { $0.wasReady = true } }

    /// Whether all took work at some time.
    var wasReady: Bool { state.withLock { $0.wasReady } }

    /// Whether they are to end.
    var isStopping: Bool { state.withLock { $0.isStopping } }

    /// Whether all have ended.
    var areDone: Bool { state.withLock { $0.processes.values.allSatisfy(\.isDone) } }

    /// Waits for a condition, or the end; looks every few milliseconds, as nothing here happens often.
    func waitUntil(_ condition: (Children) -> Bool) async throws {
        while !isStopping, !condition(self) { try await Task.sleep(for: .milliseconds(20)) }
    }

    /// Ends all of them, and whoever is added later.
    func stop() {
        state.withLock { $0.isStopping = true }
        signal(SIGTERM)
    }

    /// Sends all of them a signal.
    func signal(_ number: Int32) {
        for process in state.withLock({ Array($0.processes.values) }) { process.signal(number) }
    }
}

/// What becomes of a role whose process has ended: the decision alone.
struct RestartPolicy {
    /// What is to be done.
    enum Verdict: Equatable {
        /// Nothing: an operator drained it, who wants it to stay away.
        case stayAway
        /// It is started again after so many milliseconds.
        case startAgain(milliseconds: Int)
        /// The cluster ends, for this reason, for people.
        case giveUp(String)
    }

    /// Ends that come sooner than that after a start count as one row of failures.
    static let quickEndSeconds = 10.0
    /// So many in a row are enough, where the cause is not one that may pass.
    static let quickEndsMax = 5

    private let role: String
    private var quickEnds = 0

    /// A role that has not ended yet.
    init(role: String) {
        self.role = role
    }

    /// Judges an end. A role goes on for ever where the cause may pass; one that ends before the cluster was ever ready
    /// will not do better the second time.
    ///
    /// - Parameters:
    ///   - code: an exit code, or a signal's number negated.
    ///   - seconds: since its start.
    ///   - wasReady: whether all roles took work at some time.
    ///   - isHeard: whether somebody hears what the cluster ends of, who does not see what the role itself has said.
    mutating func judge(
        _ end: Children.End,
        code: Int32,
        afterSeconds seconds: Double,
        wasReady: Bool,
        isHeard: Bool
    ) -> Verdict {
        guard wasReady else {
            let cause = isHeard ? ": \(end.cause)" : "; see above"
            return .giveUp("the \(role) ended with code \(code) before it was ready\(cause)")
        }
        if end.isDrained { return .stayAway }
        quickEnds = seconds < Self.quickEndSeconds ? quickEnds + 1 : 0
        guard end.mayPass || quickEnds < Self.quickEndsMax else {
            return .giveUp("the \(role) ended \(quickEnds) times in a row: \(end.cause)")
        }
        return .startAgain(milliseconds: min(500 << min(quickEnds, 5), 10_000))
    }
}
