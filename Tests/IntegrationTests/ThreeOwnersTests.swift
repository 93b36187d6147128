import CascadeCore
import CascadeKeys
import Foundation
import Testing

/// Three owners who want more than there is: each gets its share, whatever becomes of the coordinator.
@Suite(.serialized) struct ThreeOwnersTests {
    private static let jobs = 10_000
    /// Jobs that each owner has in flight: with most places at work, each has some that wait.
    private static let inFlight = 100
    private static let places = 24
    private static let weights = ["anna": 1, "berta": 2, "clara": 4]
    /// Shares of the jobs that have ended when the coordinator is killed. Its last life is the longest.
    private static let kills = [0.15, 0.3]

    /// Answers of different lengths, by the expert alone.
    private func cases() async throws -> [OwnerLoad.Case] {
        let prompts = (0..<24).map { "Job number \($0) of those that wait" }
        let answers = try await Generated.run(model: ClusterTests.expert, texts: prompts, maxTokens: 12)
        return zip(prompts, answers).enumerated().map { index, pair in
            OwnerLoad.Case(prompt: pair.0, tokens: Array(pair.1.tokens.prefix(4 + index % 9)))
        }
    }

    @Test(.timeLimit(.minutes(8)))
    func sharesAreByWeightAndNothingIsLost() async throws {
        let keys = try TestKeys()
        var files: [String: String] = [:]
        for (name, weight) in Self.weights {
            var limits = OwnerLimits()
            limits.weight = weight
            files[name] = try keys.folder.make(name, role: .client, limits: limits)
        }
        let folder = FileManager.default.temporaryDirectory.appending(path: "cascade-shares-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = folder.appending(path: "jobs.sqlite").path
        let cluster = try TestCluster(
            coordinator: ["--store", store, "--max-num-seqs", "\(Self.places)"],
            keys: keys
        )
        defer { cluster.kill() }
        for (role, model) in [(NodeRole.expert, ClusterTests.expert), (.drafter, ClusterTests.drafter)] {
            let key = keys.file(KeyRole(role))
            try cluster.start(role, model: model, arguments: ["--key", key, "--threads", "1"])
        }
        try await cluster.waitForReady(2)
        let cases = try await cases()
        let tally = OwnerTally(total: Self.jobs)
        let endpoint = cluster.endpoint
        let memory = try await withThrowingTaskGroup(of: Void.self) { group in
            for (name, file) in files {
                group.addTask {
                    var load = try OwnerLoad(name, endpoint: endpoint, key: file, cases: cases, tally: tally)
                    await load.run(inFlight: Self.inFlight)
                }
            }
            let memory = try await watch(cluster, tally)
            try await group.waitForAll()
            return memory
        }
        check(tally.now)
        try await checkRest(cluster, admin: keys.file(.admin))
        // Reports are kept up to a number; from then on nothing may come on top.
        let (first, second) = (memory.prefix(memory.count / 2).max() ?? 0, memory.suffix(memory.count / 2).max() ?? 0)
        print("the coordinator has \(Int(first)) MB at most in the first half of its last life, then \(Int(second)) MB")
        #expect(memory.count > 10)
        #expect(second < 1.25 * first + 4)
    }

    /// Kills the coordinator twice, and looks at what its last process has of memory until all jobs have ended: in MB.
    private func watch(_ cluster: TestCluster, _ tally: OwnerTally) async throws -> [Double] {
        var kills = Self.kills[...]
        var memory: [Double] = []
        while true {
            let state = tally.now
            if state.endedCount == tally.total || !state.problems.isEmpty { return memory }
            if let share = kills.first, Double(state.endedCount) >= share * Double(tally.total) {
                kills.removeFirst()
                memory = []
                let coordinator = try cluster.coordinator
                coordinator.signal(SIGKILL)
                _ = await coordinator.result()
                try cluster.restartCoordinator()
            }
            if kills.isEmpty, let sample = ProcessSample(pid: try cluster.coordinator.pid) {
                memory.append(sample.megabytes)
            }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    private func check(_ state: OwnerTally.State) {
        #expect(state.problems.isEmpty, "\(state.problems.prefix(5))")
        #expect(state.endedCount == Self.jobs && state.ids.count == Self.jobs)
        let had = Self.weights.mapValues { _ in 0 }.merging(state.tokensAtEnd) { $1 }
            .merging(state.tokensAtStart) { $0 - $1 }
        let (all, weights) = (had.values.reduce(0, +), Self.weights.values.reduce(0, +))
        for (name, weight) in Self.weights.sorted(by: { $0.value < $1.value }) {
            let share = Double(had[name] ?? 0) / Double(all)
            let due = Double(weight) / Double(weights)
            print("\(name), weight \(weight): \(had[name] ?? 0) tokens, \(share / due) of what is due")
            #expect(abs(share / due - 1) < 0.1, "\(name): \(had)")
        }
    }

    /// The coordinator has nothing left to do, and says of each owner what it was given since its last start.
    private func checkRest(_ cluster: TestCluster, admin: String) async throws {
        struct Status: Decodable {
            struct Owner: Decodable {
                var owner: String
                var weight: Int
            }
            var queued_jobs: Int
            var running_jobs: Int
            var owners: [Owner]
        }
        let result = try await cluster.client(["status", "--json", "--key", admin])
        let status = try JSONDecoder().decode(Status.self, from: Data(result.output.utf8))
        #expect(status.queued_jobs == 0 && status.running_jobs == 0)
        let seen = Dictionary(uniqueKeysWithValues: status.owners.map { ($0.owner, $0.weight) })
        #expect(seen.filter { Self.weights[$0.key] != nil } == Self.weights)
    }
}
