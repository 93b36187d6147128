import CascadeCore
import CascadeTestSupport
import Foundation
import Testing

/// Health tells the truth (I14): no within seconds when work is pending and nothing moves, never while it is merely
/// busy or loading.
extension SurvivalTests {
    /// Seconds until a command says what is wanted.
    private func seconds(until isWanted: () async throws -> Bool) async throws -> Double {
        let start = ContinuousClock.now
        try await waitUntil("health says so", seconds: 40, isWanted)
        return start.duration(to: .now) / .seconds(1)
    }

    /// F7: both experts answer pings and compute nothing.
    @Test(
        .timeLimit(.minutes(2)),
        .enabled(if: EngineFreezer.isAvailable, Comment(rawValue: EngineFreezer.want))
    )
    func enginesThatAreStuckWhilePingsAreAnswered() async throws {
        let cluster = try #require(SurvivalScope.current)
        let load = SurvivalLoad(
            cluster,
            jobs: try await SurvivalJob.all(),
            clients: SurvivalScope.clients,
            seed: 8,
            mayStall: true
        )
        var (red, green) = (0.0, 0.0)
        let outcome = try await load.during {
            try await freezing(Member.experts, in: cluster) {
                var said = ""
                red = try await seconds {
                    let health = try await cluster.client(["health"])
                    said = health.errors
                    return health.code == 1
                }
                #expect(red < 15)
                #expect(said.contains("engine has ended no pass for") && said.contains("expert-"), "\(said)")
                try await waitUntilAProcessIsIll(cluster)
                // Pings were answered all along.
                #expect(try await cluster.nodes().filter { $0.state == "ready" }.count == Member.nodes.count)
            }
            green = try await seconds { try await cluster.client(["health", "--nodes"]).code == 0 }
            _ = try await seconds { try await cluster.local(["health", "--process"]).code == 0 }
        }
        #expect(outcome.problems.isEmpty && outcome.count >= SurvivalScope.clients, "\(outcome)")
        try await cluster.waitUntilWhole()
        print("health is red \(red) s after both engines are stuck, green \(green) s after they are not")
    }

    private func freezing(
        _ members: [Member],
        in cluster: SurvivalCluster,
        _ body: () async throws -> Void
    ) async throws {
        guard let member = members.first else { return try await body() }
        try await cluster.with(.freezeEngine(member)) {
            try await freezing(Array(members.dropFirst()), in: cluster, body)
        }
    }

    /// A node says itself that its engine is stuck.
    private func waitUntilAProcessIsIll(_ cluster: SurvivalCluster) async throws {
        var said = ""
        do {
            _ = try await seconds {
                let health = try await cluster.local(["health", "--process"])
                said = health.errors
                return health.code == 1
            }
        } catch {
            Issue.record("\(try await cluster.client(["nodes", "--json"]).output)\(try cluster.words())")
            throw error
        }
        let words = try cluster.words()
        #expect(said.contains("is stuck") && said.contains("no pass has ended"), "\(said)\(words)")
    }

    /// One engine of two is stuck: its jobs go elsewhere, so the cluster is well, and the node itself says that it is
    /// not.
    @Test(
        .timeLimit(.minutes(2)),
        .enabled(if: EngineFreezer.isAvailable, Comment(rawValue: EngineFreezer.want)),
        arguments: [Member.firstExpert]
    )
    func oneStuckEngineHoldsNobodyUp(_ member: Member) async throws {
        let cluster = try #require(SurvivalScope.current)
        let load = SurvivalLoad(cluster, jobs: try await SurvivalJob.all(), clients: SurvivalScope.clients, seed: 9)
        let outcome = try await load.during {
            try await waitUntil("it has work") { try await cluster.inFlight(at: member) > 0 }
            try await cluster.with(.freezeEngine(member)) {
                // A round was under way there, so that the engine owes an answer; others give it in its place.
                try await waitUntilAProcessIsIll(cluster)
                #expect(try await cluster.client(["health", "--nodes"]).code == 0)
                let before = load.outcome.count
                try await waitUntil("more is answered") { load.outcome.count >= before + SurvivalScope.clients }
            }
        }
        #expect(outcome.problems.isEmpty, "\(outcome)")
        try await cluster.waitUntilWhole()
    }

    /// A model that takes its time to load is no reason to complain, although a job waits for it.
    @Test(.timeLimit(.minutes(2))) func loadingIsNoIllness() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "cascade-loading-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // Nodes of one host load one after the other: this one waits for us.
        let lock = open(
            folder.appending(path: "cascade-load-\(getuid()).lock").path,
            O_RDWR | O_CREAT | O_CLOEXEC,
            0o600
        )
        #expect(flock(lock, LOCK_EX) == 0)
        let environment = ["TMPDIR": folder.path]
        let cluster = try TestCluster(environment: environment)
        try cluster.start(.expert, model: ClusterTests.expert, environment: environment)
        try await waitUntil("the expert is loading") { try await cluster.nodes().map(\.state) == ["loading"] }
        let job = try cluster.startClient(["submit", "Once", "--raw", "--json", "--max-tokens", "20"])
        let end = ContinuousClock.now + .seconds(6.5)
        var asked = 0
        while ContinuousClock.now < end, try await cluster.nodes().map(\.state) == ["loading"] {
            let health = try await cluster.client(["health"])
            #expect(health.code == 0, "\(health.errors)")
            asked += 1
            try await Task.sleep(for: .milliseconds(500))
        }
        #expect(asked >= 5)
        close(lock)
        #expect(try Answer(await job.result()).tokens.count == 20)
        #expect(try await cluster.client(["health"]).code == 0)
    }
}
