import CascadeCore
import CascadeTestSupport
import Foundation
import Synchronization
import Testing

/// A coordinator, two drafters and two experts with the tiny models, each at a link of its own, as is each client:
/// things go wrong here on purpose.
final class SurvivalCluster: Sendable {
    private struct State {
        var processes: [Member: CascadeProcess] = [:]
        var clients: [Int: CascadeProcess] = [:]
        var freezers: [Member: EngineFreezer] = [:]
        var slowed: [Member: Task<Void, Never>] = [:]
        /// Whether the coordinator is away, or was a moment ago: then nobody can say how the cluster is.
        var isDisturbed = false
    }

    private let cluster: TestCluster
    private let links: [Member: FaultProxy]
    private let clientLinks: [FaultProxy]
    private let folder: URL
    private let state = Mutex(State())

    /// Latency of every link where nothing is wrong, so that a job takes longer than a fault takes to happen.
    static let calm = LineConditions(latency: .milliseconds(4))

    /// Starts it and waits until it is ready.
    init(clients: Int, seed: UInt64 = 1) async throws {
        // Turns, loading and health reports of others on this machine are none of this cluster's business.
        folder = FileManager.default.temporaryDirectory.appending(path: "cascade-survival-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // Jobs outlive their coordinators, whatever happens to those.
        let store = folder.appending(path: "jobs.sqlite").path
        let cluster = try TestCluster(coordinator: ["--store", store], environment: ["TMPDIR": folder.path])
        self.cluster = cluster
        func link(_ number: UInt64) throws -> FaultProxy {
            let proxy = try FaultProxy(target: cluster.port, seed: seed &+ number)
            proxy.set(Self.calm)
            return proxy
        }
        links = Dictionary(
            uniqueKeysWithValues: try Member.nodes.enumerated().map { ($1, try link(UInt64($0))) }
        )
        clientLinks = try (0..<clients).map { try link(100 + UInt64($0)) }
        try state.withLock { $0.processes[.coordinator] = try cluster.coordinator }
        for member in Member.nodes { try start(member) }
        try await waitUntilWhole()
    }

    deinit { close() }

    /// Ends everything, whoever still holds this.
    func close() {
        for (_, task) in state.withLock({ $0.slowed }) { task.cancel() }
        cluster.kill()
        for link in Array(links.values) + clientLinks { link.close() }
        try? FileManager.default.removeItem(at: folder)
    }

    var environment: [String: String] { ["TMPDIR": folder.path] }

    // MARK: Processes

    /// Starts a member, in a launcher where one is given.
    @discardableResult
    func start(_ member: Member, launcher: [String] = []) throws -> CascadeProcess {
        let process: CascadeProcess
        if member == .coordinator {
            try cluster.restartCoordinator(environment: environment)
            process = try cluster.coordinator
        } else {
            let isExpert = Member.experts.contains(member)
            process = try cluster.start(
                isExpert ? .expert : .drafter,
                model: isExpert ? ClusterTests.expert : ClusterTests.drafter,
                through: links[member],
                arguments: ["--node-id", member.rawValue, "--threads", "1"],
                environment: environment,
                launcher: launcher
            )
        }
        state.withLock { $0.processes[member] = process }
        return process
    }

    /// Starts a node that is none of the members, and is to leave again.
    func startVisitor(_ role: NodeRole, name: String) throws -> CascadeProcess {
        try cluster.start(
            role,
            model: role == .expert ? ClusterTests.expert : ClusterTests.drafter,
            arguments: ["--node-id", name, "--threads", "1"],
            environment: environment
        )
    }

    func process(_ member: Member) throws -> CascadeProcess {
        try #require(state.withLock { $0.processes[member] })
    }

    func link(_ place: SurvivalFault.Place) throws -> FaultProxy {
        switch place {
        case .member(let member): try #require(links[member])
        case .client(let number): clientLinks[number]
        }
    }

    /// Whether its coordinator is away, or was until the cluster was last seen whole.
    var isDisturbed: Bool { state.withLock { $0.isDisturbed } }

    // MARK: Clients

    /// Starts a client command at a link of its own.
    func startClient(_ number: Int, _ arguments: [String]) throws -> CascadeProcess {
        let process = try cluster.startClient(arguments, through: clientLinks[number], environment: environment)
        state.withLock { $0.clients[number] = process }
        return process
    }

    /// Runs a client command beside all links.
    func client(_ arguments: [String]) async throws -> CascadeProcess.Result {
        try await cluster.startClient(arguments, environment: environment).result()
    }

    /// Runs a command in the cluster's own temporary folder.
    func local(_ arguments: [String]) async throws -> CascadeProcess.Result {
        try await CascadeProcess.run(arguments, environment: environment)
    }

    var endpoint: String { cluster.endpoint }
    func nodes() async throws -> [NodeLine] { try await cluster.nodes() }

    /// Waits until the cluster's table shows the members that run, ready, and nobody else.
    func waitUntilWhole(seconds: Double = 60) async throws {
        try await waitUntil("all nodes are there and ready, and no others", seconds: seconds) {
            let nodes = try await cluster.nodes()
            return nodes.map(\.node_id).sorted() == Member.nodes.map(\.rawValue).sorted()
                && nodes.allSatisfy { $0.state == "ready" }
        }
        state.withLock { $0.isDisturbed = false }
    }

    // MARK: Faults

    /// Lets something be wrong while `body` runs; whatever comes of that, it is mended behind it.
    func with(_ fault: SurvivalFault, _ body: () async throws -> Void) async throws {
        try await begin(fault)
        do {
            try await body()
        } catch {
            try? await end(fault)
            throw error
        }
        try await end(fault)
    }

    /// Lets something go wrong.
    func begin(_ fault: SurvivalFault) async throws {
        if fault == .stop(.coordinator) || fault.victims.contains(.coordinator) {
            state.withLock { $0.isDisturbed = true }
        }
        switch fault {
        case .kill(let member): try await kill(member)
        case .killBothDrafters:
            let drafters = try Member.drafters.map(process)
            for drafter in drafters { drafter.signal(SIGKILL) }
            for drafter in drafters { _ = await drafter.result() }
        case .killClient(let number):
            // Between two jobs there is nobody to kill.
            try await waitUntil("client \(number) runs") { runningClient(number) != nil }
            runningClient(number)?.signal(SIGKILL)
        case .stop(let member): try process(member).signal(SIGSTOP)
        case .stopClient(let number):
            try await waitUntil("client \(number) runs") { runningClient(number) != nil }
            runningClient(number)?.signal(SIGSTOP)
        case .drain(let member):
            _ = try await client(["nodes", "drain", member.rawValue, "--no-wait"])
        case .crash(let member): try await crash(member)
        case .freezeEngine(let member):
            let freezer = try #require(EngineFreezer(pid: try process(member).pid))
            state.withLock { $0.freezers[member] = freezer }
        case .moveCoordinator: try await kill(.coordinator)
        case .slow(let member):
            let process = try process(member)
            let task = Task.detached {
                while !Task.isCancelled {
                    process.signal(SIGSTOP)
                    try? await Task.sleep(for: .milliseconds(95))
                    process.signal(SIGCONT)
                    try? await Task.sleep(for: .milliseconds(5))
                }
            }
            state.withLock { $0.slowed[member] = task }
        default: try beginAtLink(fault)
        }
    }

    /// The command that a client runs now.
    func runningClient(_ number: Int) -> CascadeProcess? {
        state.withLock { $0.clients[number] }.flatMap { $0.isDone ? nil : $0 }
    }

    private func kill(_ member: Member) async throws {
        let process = try process(member)
        process.signal(SIGKILL)
        _ = await process.result()
    }

    /// A trap, as a failed precondition is one: Swift's runtime prints where, and the instruction that is tried again
    /// traps again. A signal is not tried again by itself. (SIGABRT would wait for ever: that thread blocks it, and
    /// only abort() itself unblocks it.)
    private func crash(_ member: Member) async throws {
        let process = try process(member)
        let thread = try #require(EngineFreezer.thread(of: process.pid, named: "engine"))
        for _ in 0..<500 where !process.isDone {
            _ = killThread(process.pid, thread, SIGILL)
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(await process.result().code == -SIGILL)
    }

    private func beginAtLink(_ fault: SurvivalFault) throws {
        func set(
            _ place: SurvivalFault.Place,
            _ direction: FaultProxy.Direction? = nil,
            _ change: (inout LineConditions) -> Void
        )
            throws
        {
            var conditions = Self.calm
            change(&conditions)
            try link(place).set(conditions, direction)
        }
        switch fault {
        case .cut(let place, let direction): try set(place, direction) { $0.passage = .held }
        case .swallow(let place, let direction): try set(place, direction) { $0.passage = .swallowed }
        case .reset(let place): try link(place).reset()
        case .latency(let place, let milliseconds):
            try set(place) {
                $0.latency = .milliseconds(milliseconds)
                $0.jitter = .milliseconds(milliseconds)
            }
        case .narrow(let place, let kilobytes): try set(place) { $0.bytesPerSecond = kilobytes * 1_000 }
        case .slice(let place): try set(place) { $0.sliceBytes = 1...7 }
        case .cutInTheMiddle(let place, let bytes): try set(place) { $0.closesAfterBytes = bytes }
        case .flap(let place, let milliseconds): try set(place) { $0.passage = .flapping(.milliseconds(milliseconds)) }
        case .closeSlowly(let place, let milliseconds):
            try set(place) { $0.closeDelay = .milliseconds(milliseconds) }
            try link(place).hangUp()
        case .goDown(let place): try link(place).goDown()
        default: Issue.record("\(fault) is nothing that a link can do")
        }
    }

    /// Ends it: what has died is started again, what is cut is whole.
    func end(_ fault: SurvivalFault) async throws {
        switch fault {
        case .kill(let member), .crash(let member), .drain(let member):
            // A drain may still be under way; then it is waited for.
            _ = await (try process(member)).result()
            try start(member)
        case .killBothDrafters: for member in Member.drafters { try start(member) }
        case .killClient: break
        case .stop(let member): try process(member).signal(SIGCONT)
        case .stopClient(let number): runningClient(number)?.signal(SIGCONT)
        case .freezeEngine(let member): state.withLock { $0.freezers.removeValue(forKey: member) }?.thaw()
        case .moveCoordinator:
            let port = try TCPSocket.freePort()
            try cluster.restartCoordinator(port: port, environment: environment)
            try state.withLock { $0.processes[.coordinator] = try cluster.coordinator }
            for link in Array(links.values) + clientLinks { link.lead(to: port) }
        case .slow(let member):
            let task = state.withLock { $0.slowed.removeValue(forKey: member) }
            task?.cancel()
            await task?.value
            try process(member).signal(SIGCONT)
        case .cut(let place, _), .swallow(let place, _), .reset(let place), .latency(let place, _),
            .narrow(let place, _), .slice(let place), .cutInTheMiddle(let place, _), .flap(let place, _),
            .closeSlowly(let place, _), .goDown(let place):
            let link = try link(place)
            link.heal()
            link.set(Self.calm)
        }
    }

    private func killThread(_ pid: Int32, _ thread: Int32, _ signal: Int32) -> Bool {
        // A glibc extension, which the module map hides: int tgkill(pid_t tgid, pid_t tid, int sig).
        typealias ThreadKill = @convention(c) (Int32, Int32, Int32) -> Int32
        guard let symbol = dlsym(nil, "tgkill") else { return false }
        // The type is that of glibc's manual.
        return unsafeBitCast(symbol, to: ThreadKill.self)(pid, thread, signal) == 0
    }
}
