import CascadeCore
import CascadeHost
import CascadeModel
import CascadeNode
import CascadeTestSupport
import Foundation
import Testing

/// Nodes look at their memory before they load: real processes in control groups of their own.
@Suite(.serialized, .enabled(if: MemoryGroup.isAvailable, Comment(rawValue: MemoryGroup.want)))
struct MemoryTests {
    private static let limit = 160 << 20

    /// A cache of the tiny model that takes about so many bytes.
    private func tokens(_ bytes: Int) throws -> Int {
        bytes / (try bytesPerToken()) / 64 * 64
    }

    private func bytesPerToken() throws -> Int {
        func total(_ tokens: Int) throws -> Int {
            try demand(ClusterTests.expert, tokens).total
        }
        return try (total(128_000) - total(64_000)) / 64_000
    }

    private func demand(_ path: String, _ tokens: Int) throws -> MemoryDemand {
        let settings = MemoryDemand.Settings(cacheLimit: .tokens(tokens), maxBatchedTokens: 64, threads: 2)
        return try MemoryDemand(expert: GGUFFile(path: path), drafter: nil, settings)
    }

    @Test(.timeLimit(.minutes(1)), arguments: [NodeRole.drafter, .expert])
    func aNodeThatDoesNotFitIsRefusedWithNumbers(_ role: NodeRole) async throws {
        try await MemoryGroup.with(limit: Self.limit) { group in
            let tokens = try tokens(400 << 20)
            let started = ContinuousClock.now
            let node = try CascadeProcess(
                [
                    role.rawValue, "--model", ClusterTests.expert, "--kv-tokens", "\(tokens)", "--endpoint",
                    "tcp://127.0.0.1:\(try TCPSocket.freePort())",
                ],
                launcher: group.launcher
            )
            let result = await node.result()
            #expect(result.code == 1)
            #expect(started.duration(to: .now) < .seconds(20))
            for words in [
                "needs ", "for \(tokens) tokens (--kv-tokens)", "the control group's limit of 167.8 MB",
                "a smaller model",
                "raise the container's memory limit",
            ] { #expect(result.errors.contains(words), "\(words) is not in: \(result.errors)") }
        }
    }

    /// The number that the refusal names is taken.
    @Test(.timeLimit(.minutes(1))) func theProposedCacheIsTaken() async throws {
        try await MemoryGroup.with(limit: Self.limit) { group in
            let cluster = try TestCluster()
            func start(_ tokens: Int) throws -> CascadeProcess {
                try cluster.start(
                    .expert,
                    model: ClusterTests.expert,
                    arguments: ["--kv-tokens", "\(tokens)"],
                    launcher: group.launcher
                )
            }
            let refused = await (try start(tokens(400 << 20))).result()
            let match = try #require(refused.errors.firstMatch(of: /--kv-tokens (\d+) fits/), "\(refused.errors)")
            let fitting = try #require(Int(match.1))
            #expect((try tokens(60 << 20)...tokens(160 << 20)).contains(fitting))
            _ = try start(fitting)
            try await cluster.waitForReady(1)
        }
    }

    /// Each fits alone, and caches that nobody has used yet are as good as used.
    @Test(.timeLimit(.minutes(1))) func ofTwoThatStartTogetherOneIsRefused() async throws {
        try await MemoryGroup.with(limit: Self.limit) { group in
            let cluster = try TestCluster()
            let arguments = ["--kv-tokens", "\(try tokens(80 << 20))"]
            let nodes = try [NodeRole.expert, .drafter].map { role in
                try cluster.start(role, model: ClusterTests.expert, arguments: arguments, launcher: group.launcher)
            }
            try await cluster.waitForReady(1)
            try await waitUntil("one node is refused", seconds: 20) {
                nodes.count { $0.errors.contains("needs ") } == 1
            }
            let refused = try #require(nodes.first { $0.errors.contains("needs ") })
            #expect(refused.errors.contains("kept for other nodes that run here"))
            #expect(await refused.result().code == 1)
            #expect(try await cluster.nodes().count { $0.state == "ready" } == 1)
        }
    }

    @Test(.timeLimit(.minutes(1))) func upChecksTheSumBeforeItStartsAnything() async throws {
        try await MemoryGroup.with(limit: Self.limit) { group in
            func up(_ tokens: Int) throws -> CascadeProcess {
                try CascadeProcess(
                    [
                        "up", "--expert", ClusterTests.expert, "--drafter", ClusterTests.drafter, "--kv-tokens",
                        "\(tokens)",
                        "--endpoint", "tcp://127.0.0.1:\(try TCPSocket.freePort())",
                    ],
                    launcher: group.launcher
                )
            }
            // One of them alone would fit.
            let refused = await (try up(tokens(80 << 20))).result()
            #expect(refused.code == 1)
            #expect(refused.errors.contains("the cluster needs"), "\(refused.errors)")
            #expect(!refused.errors.contains("coordinator: "), "nothing was started: \(refused.errors)")
            let cluster = try up(4_096)
            try await waitUntil("the small one is ready") { cluster.errors.contains("the cluster is ready") }
            cluster.signal(SIGTERM)
            #expect(await cluster.result().code == 0)
        }
    }

    /// What is worked out for a whole cluster, processes included, is what its processes have.
    @Test(
        .timeLimit(.minutes(2)),
        .enabled(if: RealModel.coderHalfBillion.isTestable, "\(RealModel.skipReason([.coderHalfBillion]))")
    )
    func aRealNodesProcessIsAsLargeAsWorkedOut() async throws {
        let cluster = try TestCluster()
        let path = RealModel.coderHalfBillion.path
        let expert = try cluster.start(.expert, model: path, arguments: ["--kv-tokens", "256", "--threads", "2"])
        try await cluster.waitForReady(1)
        let pids = [expert.pid, try cluster.coordinator.pid]
        // The coordinator reads the tokenizer that an expert sends.
        try await waitUntil("the coordinator has the tokenizer") {
            try await cluster.client(["submit", "x", "--max-tokens", "1"]).code == 0
        }
        let resident = pids.compactMap(ProcessStatus.residentBytes).reduce(0, +)
        let ratio = Double(try demand(path, 256).total) / Double(resident)
        #expect((0.9...1.2).contains(ratio), "resident \(resident), \(ratio) times that was worked out")
    }
}
