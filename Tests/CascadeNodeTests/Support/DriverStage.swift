import CascadeCore
import CascadeHost
import CascadeStore
import CascadeTransport
import Dispatch
import Foundation
import Logging
import Synchronization
import Testing

@testable import CascadeCoordinator
@testable import CascadeNode

/// Coordinator drivers on real sockets, one after the other, and what they keep in a folder of their own.
final class DriverStage: Sendable {
    let folder: URL
    let endpoint: String

    /// Runs `body` with a stage, and leaves nothing of it over.
    static func with(_ body: (DriverStage) async throws -> Void) async throws {
        let stage = try DriverStage()
        defer {
            try? FileManager.default.removeItem(at: stage.folder)
            ProcessHealth(role: "coordinator", state: "stopped", note: "").remove()
        }
        try await body(stage)
    }

    private init() throws {
        // Short: a socket's path has no more than 107 bytes.
        folder = FileManager.default.temporaryDirectory.appending(path: "driver-\(UUID().uuidString.prefix(8))")
        // Private, as sockets want it.
        try FileManager.default.createDirectory(
            at: folder,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        endpoint = "ipc://\(folder.path)/s"
    }

    /// The store of this stage, real.
    func store() throws -> SQLiteJobStore { try SQLiteJobStore(path: folder.appending(path: "jobs.sqlite").path) }

    /// Starts a driver; `reader` reads its prompts.
    func start(
        limits: CoordinatorLimits = CoordinatorLimits(),
        journal: Journal? = nil,
        endsJobs: Bool = false,
        reader: SideWork<CoordinatorStateMachine.Event> = SideWork(label: "test.reader"),
        serving: (@Sendable (UInt64) -> Void)? = nil
    ) throws -> Reactor {
        var configuration = CoordinatorConfiguration(
            listen: endpoint,
            limits: limits,
            endsJobs: endsJobs,
            software: "test"
        )
        configuration.serving = serving
        return try Reactor.start(role: .router(bind: endpoint), name: "coordinator") { [configuration] handle in
            CoordinatorDriver(
                configuration: configuration,
                journal: journal,
                handle: handle,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                reader: reader
            )
        }
    }

    /// A peer of the driver.
    func peer() throws -> DriverPeer { try DriverPeer(endpoint) }

    /// What an expert says first whose tokens are bytes.
    func hello() throws -> Hello {
        let configuration = NodeConfiguration.expert(at: endpoint)
        return try Hello.synthetic(SyntheticSettings(acceptance: 1), configuration, incarnation: 1)
    }

    /// The parts of that expert's tokenizer block, two of them.
    func chunks() throws -> [TokenizerChunk] {
        let block = SyntheticTokenizer.block(acceptance: 1)
        let hash = try hello().vocabularyHash
        return [0..<1_000, 1_000..<block.count].map { range in
            TokenizerChunk(
                vocabularyHash: hash,
                totalBytes: UInt32(block.count),
                offset: UInt32(range.lowerBound),
                bytes: Array(block[range])
            )
        }
    }

    /// Joins as that expert, with its tokenizer unless something else shall be sent for it; the coordinator's boot.
    func join(_ expert: DriverPeer, chunks: [TokenizerChunk]? = nil) async throws -> UInt64 {
        expert.send(.hello(try hello()))
        let welcome = await expert.first { if case .welcome(let welcome) = $0 { welcome } else { nil } }
        let boot = try #require(welcome?.boot)
        #expect(welcome?.wantsTokenizer == true)
        for chunk in try chunks ?? self.chunks() { expert.send(.tokenizerChunk(chunk)) }
        expert.send(.ready(Ready(boot: boot, costs: [], credits: 4)))
        return boot
    }

    /// A job of one token.
    func submit(_ prompt: String, number: UInt64 = 7, follow: Bool = true) -> Submit {
        Submit(
            requestID: number,
            submitKey: Hash128(high: 1, low: number),
            pool: "default",
            prompt: Array(prompt.utf8),
            format: .automatic,
            sampling: SamplingSettings(temperature: 0),
            rule: RuleSettings(),
            maxTokens: 1,
            seed: 5,
            draftLength: .fixed(0),
            follow: follow
        )
    }
}

/// A real store, whose commits wait while it is shut and fail once it is broken.
final class GatedStore: JobStore {
    private let real: SQLiteJobStore
    private let gate = Mutex<DispatchSemaphore?>(nil)
    private let failure = Mutex<StoreError?>(nil)

    init(_ real: SQLiteJobStore) { self.real = real }

    /// Has commits wait from now on.
    func shut() { gate.withLock { $0 = DispatchSemaphore(value: 0) } }

    /// Lets them go on.
    func open() {
        gate.withLock { gate in
            gate?.signal()
            gate = nil
        }
    }

    /// Has commits fail from now on.
    func breakDown(_ error: StoreError) { failure.withLock { $0 = error } }

    func apply(_ changes: [StoreChange]) throws(StoreError) {
        if let gate = gate.withLock({ $0 }) {
            gate.wait()
            // There may be others.
            gate.signal()
        }
        if let error = failure.withLock({ $0 }) { throw error }
        try real.apply(changes)
    }

    func load() throws(StoreError) -> StoredRows { try real.load() }
    var needsCheckpoint: Bool { real.needsCheckpoint }
    func checkpoint() throws(StoreError) { try real.checkpoint() }
    func close() throws(StoreError) { try real.close() }
}
