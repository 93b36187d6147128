import CascadeCore
import CascadeTestSupport
import Foundation
import Testing

@testable import cascade

/// A cache that is too small for all of its sequences at their longest, with real processes.
@Suite(.timeLimit(.minutes(3))) struct FullCacheTests {
    private struct Status: Decodable {
        var preemptions: Int
    }

    /// A prompt of about 100 tokens of the tiny models.
    private func prompt(_ number: Int) -> String {
        "Text \(number). " + (0..<15).map { "word\(($0 * 7 + number) % 10) and" }.joined(separator: " ")
    }

    /// Two sequences begin in seven pages of 64 tokens and need four each in the end: one is put back, each time, and
    /// nobody's answer shows it.
    @Test func sequencesMakeRoomForEachOther() async throws {
        let cluster = try TestCluster()
        try cluster.start(.expert, model: ClusterTests.expert, arguments: ["--kv-tokens", "448"])
        try cluster.start(.drafter, model: ClusterTests.drafter, arguments: ["--kv-tokens", "448"])
        try await cluster.waitForReady(2)
        let prompts = (0..<6).map(prompt)
        let expected = try await Generated.run(model: ClusterTests.expert, texts: prompts, maxTokens: 150)
        let clients = try prompts.map { prompt in
            try cluster.startClient(
                [
                    "submit", prompt, "--raw", "--json", "--max-tokens", "150", "--drafter-kind", "model",
                    "--num-speculative-tokens", "4",
                ]
            )
        }
        for (client, reference) in zip(clients, expected) {
            #expect(try Answer(await client.result()).tokens == reference.tokens)
        }
        let said = try await cluster.client(["status", "--json"])
        #expect(try JSONDecoder().decode(Status.self, from: Data(said.output.utf8)).preemptions > 0)
        #expect(try await cluster.client(["status"]).output.contains("a sequence was put back and read again"))
        // No node was asked for what it could not do.
        #expect(try !cluster.coordinator.errors.contains("a node failed a request"))
    }
}
