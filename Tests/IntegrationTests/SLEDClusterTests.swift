import CascadeCore
import CascadeTestSupport
import Foundation
import Testing

/// Experts whose early exits have a say, as their users start them: one p for every way to verify, and no mixed pools.
@Suite(.serialized) struct SLEDClusterTests {
    private static let sled = ["--sled-layers", "2,1", "--sled-rate", "8"]

    private func submit(_ cluster: TestCluster, _ prompt: String, _ more: [String]) async throws -> Answer {
        try Answer(await cluster.client(["submit", prompt, "--raw", "--json", "--max-tokens", "48"] + more))
    }

    @Test(.timeLimit(.minutes(3)))
    func everyWayToVerifySeesTheSameRows() async throws {
        let cluster = try TestCluster()
        try cluster.start(.expert, model: ClusterTests.expert, arguments: Self.sled)
        try cluster.start(.drafter, model: ClusterTests.drafter)
        try await cluster.waitForReady(2)
        let prompts = ClusterTests.prompts
        let moved = try await Generated.run(model: ClusterTests.expert, texts: prompts, maxTokens: 48, more: Self.sled)
        let plain = try await Generated.run(model: ClusterTests.expert, texts: prompts, maxTokens: 48)
        #expect(moved.map(\.tokens) != plain.map(\.tokens))
        var accepted = 0
        for (prompt, expected) in zip(prompts, moved) {
            for method in ["rejection", "block", "coupled"] {
                let draft = ["--num-speculative-tokens", "4", "--drafter-kind", "model", "--verify-method", method]
                let answer = try await submit(cluster, prompt, draft)
                #expect(answer.tokens == expected.tokens, "\(method), \(prompt)")
                accepted += answer.speculative_decoding.num_accepted_draft_tokens
            }
            // Coupled and lossless: the same sample with and without drafts.
            let sampled = ["--temperature", "0.8", "--seed", "3", "--verify-method", "coupled"]
            let alone = try await submit(cluster, prompt, sampled + ["--num-speculative-tokens", "0"])
            let drafted = try await submit(cluster, prompt, sampled + ["--num-speculative-tokens", "4"])
            #expect(alone.tokens == drafted.tokens, "\(prompt)")
        }
        #expect(accepted > 0)
        // Another expert of the pool needs the same settings, in whatever order.
        for other in [[], ["--sled-layers", "1,2"], ["--sled-layers", "2", "--sled-rate", "8"]] {
            let result = try await cluster.start(.expert, model: ClusterTests.expert, arguments: other).result()
            #expect(result.code == 4)
            #expect(result.errors.contains("cannot join pool default") && result.errors.contains("sled-1,2*8.0"))
        }
        try cluster.start(.expert, model: ClusterTests.expert, arguments: ["--sled-layers", "1,2", "--sled-rate", "8"])
        try await cluster.waitForReady(3)
    }

    @Test(.timeLimit(.minutes(2)))
    func upHandsTheSettingsOn() async throws {
        let endpoint = "tcp://127.0.0.1:\(try TCPSocket.freePort())"
        let up = try CascadeProcess(
            ["up", "--drafter", ClusterTests.drafter, "--expert", ClusterTests.expert, "--endpoint", endpoint]
                + ["--log-level", "info"],
            environment: ["CASCADE_SLED_LAYERS": "1,2", "CASCADE_SLED_RATE": "8"]
        )
        try await waitUntil("the cluster is ready", seconds: 60) { up.errors.contains("the cluster is ready") }
        #expect(up.errors.contains("sled-1,2*8.0"))
        let prompt = ClusterTests.prompts[1]
        let answer = try Answer(
            await CascadeProcess.run(
                ["submit", prompt, "--raw", "--json", "--max-tokens", "48", "--endpoint", endpoint]
            )
        )
        let expected = try await Generated.run(
            model: ClusterTests.expert,
            texts: [prompt],
            maxTokens: 48,
            more: Self.sled
        )
        #expect(answer.tokens == expected[0].tokens)
        up.signal(SIGTERM)
        #expect(await up.result().code == 0)
    }

    @Test(arguments: [
        ("expert --model MODEL --sled-layers 1,3", 1, "the model has 3 layers"),
        ("expert --model MODEL --sled-layers 1,x", 2, "whole numbers separated by commas"),
        ("expert --model MODEL --sled-layers 1,1", 2, "layer 1 is named twice"),
        ("expert --model MODEL --sled-layers 1 --sled-rate 101", 2, "0 to 100, not 101"),
        ("expert --model MODEL --sled-rate 2", 2, "--sled-rate needs --sled-layers"),
        ("up --drafter MODEL --expert MODEL --endpoint tcp://127.0.0.1:1 --sled-layers 3", 1, "the model has 3 layers"),
        ("model generate --model MODEL --sled-layers 3 text", 1, "the model has 3 layers"),
    ])
    func refusals(_ line: String, _ code: Int32, _ words: String) async throws {
        let arguments = line.split(separator: " ").map { $0 == "MODEL" ? ClusterTests.expert : String($0) }
        let result = try await CascadeProcess.run(arguments)
        #expect(result.code == code && result.errors.contains(words), "\(result.errors)")
    }
}
