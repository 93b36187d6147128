import CascadeCore
import CascadeTestSupport
import Foundation
import Synchronization
import Testing

@testable import cascade

/// Ctrl-Z and `fg`: a client that stood still for longer than its timeout has not waited in vain, and goes on.
@Suite struct StandstillTests {
    /// Longer than the timeout, and than any look at the clock takes.
    private static let pause = Duration.seconds(4)

    /// The job waits, and nobody says anything that could be heard late.
    @Test(.timeLimit(.minutes(1)), arguments: ["submit", "watch"])
    func aClientThatWaitsGoesOn(_ command: String) async throws {
        let cluster = try TestCluster()
        let client = try await start(command, cluster)
        try await waitUntil("the job waits") { client.errors.contains("waiting for an expert") }
        client.signal(SIGSTOP)
        try await Task.sleep(for: Self.pause)
        client.signal(SIGCONT)
        try await Task.sleep(for: .seconds(1))
        #expect(!client.isDone && !client.errors.contains("does not answer"), "\(client.errors)")
        try cluster.start(.expert, model: ClusterTests.expert)
        try cluster.start(.drafter, model: ClusterTests.drafter)
        let result = await client.result()
        #expect(result.code == 0 && !result.output.isEmpty, "\(result)")
    }

    /// The job ends meanwhile: what was not shown yet is shown, and nothing twice.
    @Test(.timeLimit(.minutes(1)), arguments: ["submit", "watch"])
    func anAnswerGoesOnWhereItWas(_ command: String) async throws {
        let cluster = try TestCluster()
        let isSlow = Mutex(true)
        let tap = try WireTap(target: cluster.port) { _, message in
            if case .verified = message, isSlow.withLock({ $0 }) { usleep(200_000) }
            return .forward
        }
        try cluster.start(.expert, model: ClusterTests.expert, through: tap)
        try cluster.start(.drafter, model: ClusterTests.drafter)
        try await cluster.waitForReady(2)
        let client = try await start(command, cluster)
        try await waitUntil("an answer begins") { !client.output.isEmpty }
        client.signal(SIGSTOP)
        let stopped = ContinuousClock.now
        isSlow.withLock { $0 = false }
        try await waitUntil("the job has ended") { try await cluster.jobs().allSatisfy { $0.finish_reason != nil } }
        try await Task.sleep(until: stopped + Self.pause)
        #expect(!client.isDone)
        client.signal(SIGCONT)
        let result = await client.result()
        #expect(result.code == 0 && !result.errors.contains("does not answer"), "\(result)")
        let job = try #require(try await cluster.jobs().first?.job_id)
        #expect(try await result.output == cluster.client(["result", job]).output)
    }

    /// A client that follows a job of its own, or one that is there.
    private func start(_ command: String, _ cluster: TestCluster) async throws -> CascadeProcess {
        let submit = ["submit", "Once upon a time", "--raw", "--max-tokens", "100", "--num-speculative-tokens", "2"]
        guard command == "watch" else { return try cluster.startClient(submit + ["--timeout", "2"]) }
        let job = try await cluster.client(submit + ["--detach"]).output.trimmingCharacters(in: .newlines)
        return try cluster.startClient(["watch", job, "--timeout", "2"])
    }
}
