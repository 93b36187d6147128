import CascadeCore
import Foundation
import Testing

@testable import cascade

/// A job that was left to the cluster can be found, followed and read, also after its coordinator was killed.
@Suite(.serialized) struct JobCommandsTests {
    private static let prompt = ClusterTests.prompts[4]
    private static let maxTokens = 200

    private struct JobLine: Decodable {
        var job_id: String
        var state: String
        var finish_reason: String?
        var completion_tokens: Int
    }

    private static func jobs(_ cluster: TestCluster) async throws -> [JobLine] {
        let list = try await cluster.client(["jobs", "--json"])
        return try JSONDecoder().decode([JobLine].self, from: Data(list.output.utf8))
    }

    @Test(.timeLimit(.minutes(2))) func aDetachedJob() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "cascade-jobs-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let cluster = try TestCluster(coordinator: ["--store", folder.appending(path: "jobs.sqlite").path])
        #expect(try await cluster.client(["jobs"]).output.contains("no jobs"))

        // No expert is there: it waits.
        let detached = try await cluster.client([
            "submit", Self.prompt, "--raw", "--detach", "--max-tokens", "\(Self.maxTokens)", "--num-speculative-tokens",
            "4",
        ])
        #expect(detached.code == 0, "\(detached.errors)")
        let job = detached.output.trimmingCharacters(in: .newlines)
        #expect(job.count == 16 && detached.errors.contains("cascade watch \(job)"))
        #expect(try await Self.jobs(cluster).map(\.job_id) == [job])
        let early = try await cluster.client(["result", job])
        #expect(early.code == 1 && early.output.isEmpty && early.errors.contains("cascade watch \(job)"), "\(early)")

        // One who follows it goes, and the job is not ended by that.
        let gone = try cluster.startClient(["watch", job])
        try await waitUntil("the job is followed") { gone.errors.contains("waiting for an expert") }
        gone.signal(SIGINT)
        let end = await gone.result()
        #expect(end.code == 130 && end.errors.contains("cascade watch \(job)"), "\(end)")

        // One follows it from before the coordinator is killed.
        let follower = try cluster.startClient(["watch", job, "--json", "--timeout", "60"])
        (try cluster.coordinator).signal(SIGKILL)
        _ = await (try cluster.coordinator).result()
        try cluster.restartCoordinator()
        try cluster.start(.expert, model: ClusterTests.expert)
        try cluster.start(.drafter, model: ClusterTests.drafter)
        let answer = try Answer(await follower.result())
        let expected = try await Generated.run(
            model: ClusterTests.expert,
            texts: [Self.prompt],
            maxTokens: Self.maxTokens
        )[0]
        #expect(answer.job_id == job && answer.tokens == expected.tokens)

        #expect(try await cluster.client(["watch", job]).output.hasPrefix(answer.text))
        #expect(try Answer(await cluster.client(["result", job, "--json"])).tokens == answer.tokens)
        let line = try #require(try await Self.jobs(cluster).first)
        #expect(line.state == "finished" && line.completion_tokens == answer.tokens.count)
        #expect(try await cluster.client(["jobs"]).output.contains(job))
    }

    @Test(.timeLimit(.minutes(1))) func unknownJobs() async throws {
        let cluster = try TestCluster()
        for command in ["watch", "result", "status", "cancel"] {
            let unknown = try await cluster.client([command, "0f3a5c7712e4b9d8"])
            #expect(unknown.code == 4 && unknown.errors.contains("no job 0f3a5c7712e4b9d8"), "\(command): \(unknown)")
            let malformed = try await cluster.client([command, "12"])
            #expect(
                malformed.code == 2 && malformed.errors.contains("'12' is not a job id"),
                "\(command): \(malformed)"
            )
        }
    }
}
