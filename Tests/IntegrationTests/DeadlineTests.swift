import CascadeTestSupport
import Foundation
import Testing

@testable import cascade

/// Jobs with deadlines, and followed ones before detached ones: real processes, whose passes take time but compute
/// nothing.
@Suite(.timeLimit(.minutes(2))) struct DeadlineTests {
    /// Two milliseconds a row, and two for the pass.
    private static let costs = "1:4,16:34,64:130"

    private struct JobLine: Decodable {
        var job_id: String
        var state: String
        var finish_reason: String?
        var note: String
        var completion_tokens: Int
    }

    private struct Ended: Decodable {
        var error: String?
    }

    private static func cluster(
        costs: String = costs,
        coordinator: [String] = [],
        environment: [String: String] = [:]
    ) async throws -> TestCluster {
        let cluster = try TestCluster(coordinator: coordinator, environment: environment)
        _ = try cluster.startClient(["expert", "--synthetic-acceptance", "0.7", "--synthetic-ms", costs])
        try await cluster.waitForReady(1)
        return cluster
    }

    private func jobs(_ cluster: TestCluster) async throws -> [JobLine] {
        let result = try await cluster.client(["jobs", "--json"])
        return try JSONDecoder().decode([JobLine].self, from: Data(result.output.utf8))
    }

    private func submit(_ cluster: TestCluster, _ arguments: String...) async throws -> CascadeProcess.Result {
        try await cluster.client(["submit", "--raw"] + arguments)
    }

    private func detach(_ cluster: TestCluster, _ arguments: String...) async throws -> String {
        let result = try await cluster.client(["submit", "--raw", "--detach"] + arguments)
        #expect(result.code == 0, "\(result.errors)")
        return result.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// The prompt has 12,000 tokens, and at least a sixth as many by the coordinator's guess: 4 s.
    @Test func whatCannotBeMetIsRefusedAtOnce() async throws {
        let cluster = try await Self.cluster()
        let prompt = String(repeating: "a prompt that takes long ", count: 480)
        let refused = try await submit(cluster, "--deadline", "1s", prompt)
        #expect(refused.code == 4, "\(refused.errors)")
        #expect(refused.errors.contains("the deadline of 1 s cannot be met: the first token would come in about 4 s"))
        #expect(refused.errors.contains("allow more time with --deadline"))
        #expect(try await jobs(cluster).isEmpty)
        // Twice as soon as expected: nobody can say that it is impossible.
        let accepted = try await submit(cluster, "--deadline", "2500ms", prompt)
        #expect(accepted.code == 124, "\(accepted.errors)")
        #expect(accepted.errors.contains("the deadline of 2.5 s passed before the first token"))
    }

    @Test func theAnswerSoFarIsThere() async throws {
        let cluster = try await Self.cluster()
        let result = try await submit(cluster, "--json", "--deadline", "2s", "--max-tokens", "12000", "a long answer")
        #expect(result.code == 124, "\(result.errors)")
        let answer = try JSONDecoder().decode(Answer.self, from: Data(result.output.utf8))
        #expect(answer.finish_reason == "error" && answer.tokens.count > 10 && !answer.text.isEmpty)
        let words = "the deadline of 2 s passed after \(answer.tokens.count) tokens"
        let ended = try JSONDecoder().decode(Ended.self, from: Data(result.output.utf8))
        #expect(ended.error?.contains(words) == true, "\(ended.error ?? "")")
        let job = try #require(try await jobs(cluster).first)
        #expect(job.job_id == answer.job_id && job.state == "finished" && job.finish_reason == "error")
        #expect(job.note.contains(words) && job.completion_tokens == answer.tokens.count)
        #expect(try await cluster.client(["jobs"]).output.contains("the deadline of 2 s passed"))
        let kept = try await cluster.client(["result", answer.job_id])
        #expect(kept.code == 124 && kept.errors.contains(words))
        #expect(kept.output.trimmingCharacters(in: .newlines) == answer.text.trimmingCharacters(in: .newlines))
    }

    @Test func whatIsDoneInTimeIsDone() async throws {
        let cluster = try await Self.cluster()
        let result = try await submit(cluster, "--deadline", "1m", "--max-tokens", "5", "a short answer")
        #expect(result.code == 0, "\(result.errors)")
    }

    /// No node is there: what waits is ended too, also by the next coordinator.
    @Test func waitingJobsEndAndARestartForgetsNothing() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "cascade-deadlines-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let cluster = try TestCluster(coordinator: ["--store", folder.appending(path: "jobs.sqlite").path])
        let followed = try await submit(cluster, "--deadline", "700ms", "nobody answers")
        #expect(followed.code == 124 && followed.errors.contains("700 ms passed before the first token"))
        let job = try await detach(cluster, "--deadline", "4s", "nobody answers either")
        let endless = try await detach(cluster, "without a deadline")
        let coordinator = try cluster.coordinator
        coordinator.signal(SIGKILL)
        _ = await coordinator.result()
        try cluster.restartCoordinator()
        try await waitUntil("the job ends") {
            try await jobs(cluster).first { $0.job_id == job }?.note.contains("the deadline of 4 s passed") == true
        }
        #expect(try await jobs(cluster).first { $0.job_id == endless }?.state == "queued")
    }

    @Test(arguments: ["0", "0s", "-1s", "soon", "1y", "169h", "1e3s", ""])
    func whatIsNoTimeIsWrongUsage(_ text: String) async throws {
        let result = try await CascadeProcess.run(["submit", "--deadline=\(text)", "a prompt"])
        #expect(result.code == 2 && result.errors.contains("it must be a time from 1ms to 168h"), "\(result.errors)")
    }

    @Test func timesHaveUnits() throws {
        for (text, milliseconds) in [
            ("500ms", 500), ("30s", 30_000), ("30", 30_000), ("1.5s", 1_500), ("2m", 120_000), ("168h", 604_800_000),
        ] as [(String, UInt32)] {
            #expect(try TimeSpan.parse(text) == milliseconds)
        }
    }

    /// One sequence at a time: the followed job, which came last, goes before the detached ones.
    @Test(arguments: [true, false])
    func followedJobsGoFirst(_ isOption: Bool) async throws {
        let cluster = try await Self.cluster(
            costs: "1:20",
            coordinator: ["--max-num-seqs", "1"] + (isOption ? ["--interactive-first"] : []),
            environment: isOption ? [:] : ["CASCADE_INTERACTIVE_FIRST": "1"]
        )
        let first = try await detach(cluster, "--max-tokens", "8000", "runs")
        var detached: [String] = []
        for number in 0..<3 {
            detached.append(try await detach(cluster, "--max-tokens", "1000", "waits \(number)"))
        }
        let followed = try cluster.startClient(["submit", "--raw", "--max-tokens", "3", "is followed"])
        try await waitUntil("it waits too") { try await jobs(cluster).filter { $0.state == "queued" }.count == 4 }
        #expect(try await cluster.client(["cancel", first]).code == 0)
        #expect(await followed.result().code == 0)
        let states = try await jobs(cluster).filter { detached.contains($0.job_id) }.map(\.state)
        #expect(states.count == 3 && !states.contains("finished"))
    }
}
