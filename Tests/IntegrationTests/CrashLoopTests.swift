import CascadeCore
import CascadeTestSupport
import Foundation
import Synchronization
import Testing

/// A job that brings processes down is set aside, and the others go on (decisions.md 26).
@Suite(.serialized) struct CrashLoopTests {
    private static let prompts = [ClusterTests.prompts[4], ClusterTests.prompts[0]]
    private static let maxTokens = 60

    /// A folder of its own for each test, gone with it.
    private final class Folder: Sendable {
        let path = FileManager.default.temporaryDirectory.appending(path: "cascade-crash-\(UUID().uuidString)").path
        deinit { try? FileManager.default.removeItem(atPath: path) }
        var store: String { path + "/jobs.sqlite" }
    }

    /// Submits a job that nobody follows; its id.
    private static func detach(_ prompt: String, _ cluster: TestCluster) async throws -> String {
        let detached = try await cluster.client([
            "submit", prompt, "--raw", "--detach", "--max-tokens", "\(maxTokens)", "--num-speculative-tokens", "4",
        ])
        #expect(detached.code == 0, "\(detached.errors)")
        return detached.output.trimmingCharacters(in: .newlines)
    }

    private static func expectAnswer(_ job: String, _ prompt: String, _ cluster: TestCluster) async throws {
        let answer = try Answer(await cluster.client(["watch", job, "--json", "--timeout", "60"]))
        let expected = try await Generated.run(model: ClusterTests.expert, texts: [prompt], maxTokens: maxTokens)[0]
        #expect(answer.job_id == job && answer.tokens == expected.tokens)
    }

    /// Killed three times, each time with the first job in flight: while its prompt is read, or while it has a round.
    @Test(.timeLimit(.minutes(3)), arguments: ["take/work:1", "commit/sync:1"])
    func threeCrashesSetAside(_ point: String) async throws {
        let folder = Folder()
        let environment = ["CASCADE_FAILPOINTS": point]
        let cluster = try TestCluster(coordinator: ["--store", folder.store], environment: environment)
        // Both wait for nodes: the first one is read first.
        var jobs: [String] = []
        for prompt in Self.prompts { jobs.append(try await Self.detach(prompt, cluster)) }
        try cluster.start(.expert, model: ClusterTests.expert)
        try cluster.start(.drafter, model: ClusterTests.drafter)
        for crash in 1...3 {
            #expect(await (try cluster.coordinator).result().code == -SIGKILL)
            try cluster.restartCoordinator(environment: crash < 3 ? environment : [:])
        }
        try await cluster.waitForReady(2)
        try await Self.expectAnswer(jobs[1], Self.prompts[1], cluster)

        let cause = "set aside: the job was in flight at 3 crashes of the coordinator"
        for command in ["result", "watch"] {
            let said = try await cluster.client([command, jobs[0]])
            #expect(said.code == 1 && said.errors.contains(cause), "\(command): \(said)")
            #expect(said.errors.contains("submit the prompt as a new job"), "\(command): \(said)")
        }
        let list = try await cluster.client(["jobs"])
        #expect(list.output.contains("set aside"), "\(list.output)")
        #expect(try await cluster.client(["status", jobs[0]]).output.contains(cause))
        let status = try await cluster.client(["status"])
        #expect(status.output.contains("1 job set aside because of crashes"), "\(status.output)")

        // It stays so, and submitted anew it is a job like any other.
        (try cluster.coordinator).signal(SIGTERM)
        #expect(await (try cluster.coordinator).result().code == 0)
        try cluster.restartCoordinator()
        try await cluster.waitForReady(2)
        #expect(try await cluster.client(["result", jobs[0]]).errors.contains(cause))
        try await Self.expectAnswer(try await Self.detach(Self.prompts[0], cluster), Self.prompts[0], cluster)
    }

    /// Stops are no crashes, however many there are.
    @Test(.timeLimit(.minutes(3))) func stopsSetNothingAside() async throws {
        let folder = Folder()
        let cluster = try TestCluster(coordinator: ["--store", folder.store])
        let isOpen = Mutex(false)
        let dropped = Mutex(0)
        let tap = try WireTap(target: cluster.port) { _, message in
            // No verdict comes, so that the job stays in flight.
            guard case .verified = message, !isOpen.withLock({ $0 }) else { return .forward }
            dropped.withLock { $0 += 1 }
            return .drop
        }
        try cluster.start(.expert, model: ClusterTests.expert, through: tap)
        try await cluster.waitForReady(1)
        let job = try await Self.detach(Self.prompts[0], cluster)
        for stop in 1...4 {
            try await waitUntil("it is in flight for the \(stop). time", seconds: 30) {
                dropped.withLock { $0 } >= stop
            }
            (try cluster.coordinator).signal(SIGTERM)
            #expect(await (try cluster.coordinator).result().code == 0)
            try cluster.restartCoordinator()
        }
        isOpen.withLock { $0 = true }
        try await Self.expectAnswer(job, Self.prompts[0], cluster)
    }

    /// The only expert is killed three times, each time in another round of the job.
    @Test(.timeLimit(.minutes(3))) func threeDeathsOfExpertsSetAside() async throws {
        let cluster = try TestCluster()
        let job = try await Self.detach(Self.prompts[0], cluster)
        for death in 1...3 {
            let trigger = KillTrigger(at: 3) { if case .verify = $0 { true } else { false } }
            let tap = try WireTap(target: cluster.port) { _, message in
                trigger.see(message)
                return .forward
            }
            let expert = try cluster.start(
                .expert,
                model: ClusterTests.expert,
                through: tap,
                arguments: ["--node-id", "fragile"]
            )
            trigger.arm(expert)
            try await waitUntil("the expert is killed for the \(death). time", seconds: 40) { trigger.hasFired }
            _ = await expert.result()
        }
        let said = try await cluster.client(["watch", job, "--timeout", "40"])
        #expect(said.code == 1, "\(said)")
        #expect(
            said.errors.contains("set aside: expert fragile died 3 times while working on the job"),
            "\(said.errors)"
        )
        #expect(said.output.isEmpty == false)
        // The cluster goes on.
        try cluster.start(.expert, model: ClusterTests.expert)
        try await cluster.waitForReady(1)
        try await Self.expectAnswer(try await Self.detach(Self.prompts[1], cluster), Self.prompts[1], cluster)
    }
}
