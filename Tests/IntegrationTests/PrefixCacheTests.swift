import CascadeCore
import CascadeTestSupport
import Foundation
import Testing

@testable import cascade

/// Pages that sequences share, as a user of a cluster sees them.
@Suite(.serialized) struct PrefixCacheTests {
    private struct Node: Decodable {
        var role: String
        var kv_tokens: Int
        var kv_tokens_used: Int
        var prefix_cache_hit_tokens: Int
    }

    /// A prompt of about 400 tokens of the tiny models.
    private func prompt(_ number: Int) -> String {
        "Text \(number). " + (0..<62).map { "word\(($0 * 7 + number) % 10) and" }.joined(separator: " ")
    }

    private func nodes(_ cluster: TestCluster) async throws -> [Node] {
        let result = try await cluster.client(["nodes", "--json"])
        return try JSONDecoder().decode([Node].self, from: Data(result.output.utf8))
    }

    private func submit(_ cluster: TestCluster, _ prompt: String) async throws -> Answer {
        try Answer(
            await cluster.client(
                [
                    "submit", prompt, "--raw", "--json", "--max-tokens", "24", "--drafter-kind", "model",
                    "--num-speculative-tokens", "4",
                ]
            )
        )
    }

    @Test(.timeLimit(.minutes(3)))
    func aPromptSeenBeforeIsNotComputedAgain() async throws {
        let cluster = try TestCluster()
        try cluster.start(.expert, model: ClusterTests.expert)
        try cluster.start(.drafter, model: ClusterTests.drafter)
        try await cluster.waitForReady(2)
        let prompts = (0..<4).map(prompt)
        let expected = try await Generated.run(model: ClusterTests.expert, texts: prompts, maxTokens: 24)
        var lengths: [Int] = []
        for _ in 0..<2 {
            for (prompt, reference) in zip(prompts, expected) {
                let answer = try await submit(cluster, prompt)
                #expect(answer.tokens == reference.tokens)
                #expect(answer.usage.prompt_tokens >= 300)
                lengths.append(answer.usage.prompt_tokens)
            }
        }
        // Full pages, but for the last token, which is always fed; progress comes with the next heartbeat.
        let pages = lengths[4...].reduce(0) { $0 + ($1 - 1) / 64 * 64 }
        try await waitUntil("all full pages of all four prompts are counted at both nodes") {
            try await nodes(cluster).filter { $0.prefix_cache_hit_tokens >= pages }.count == 2
        }
        // No more than they and their answers have: the first time there was nothing to take over.
        let most = lengths[4...].reduce(0) { $0 + $1 + 24 }
        #expect(most < 2 * pages)
        for node in try await nodes(cluster) {
            #expect(node.prefix_cache_hit_tokens <= most, "\(node.role)")
            #expect(node.kv_tokens_used <= 16_384)
        }
    }

    @Test(.timeLimit(.minutes(3)))
    func theCacheKeepsToItsMemory() async throws {
        let cluster = try TestCluster()
        // 10 pages of 64 tokens of 1,536 bytes each: little more than one of the prompts.
        try cluster.start(.expert, model: ClusterTests.expert, arguments: ["--kv-cache-memory-bytes", "1MiB"])
        try cluster.start(.drafter, model: ClusterTests.drafter, arguments: ["--kv-cache-memory-bytes", "1048576"])
        try await cluster.waitForReady(2)
        let prompts = (0..<4).map(prompt)
        let expected = try await Generated.run(model: ClusterTests.expert, texts: prompts, maxTokens: 24)
        for _ in 0..<2 {
            // All at once: those that do not fit wait.
            let answers = try await withThrowingTaskGroup(of: (Int, Answer).self) { group in
                for (index, prompt) in prompts.enumerated() {
                    group.addTask { (index, try await submit(cluster, prompt)) }
                }
                return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
            for (index, reference) in expected.enumerated() { #expect(answers[index]?.tokens == reference.tokens) }
            for node in try await nodes(cluster) {
                #expect(node.kv_tokens == 640)
                #expect(node.kv_tokens_used <= 640)
            }
        }
    }

    @Test func limitsThatMakeNoSenseAreRefused() async throws {
        let model = ["expert", "--model", ClusterTests.expert]
        for (arguments, words, code) in [
            (["--kv-cache-memory-bytes", "1GiB", "--kv-tokens", "1000"], "not both", Int32(2)),
            (["--kv-cache-memory-bytes", "lots"], "lots", 2),
            (["--kv-cache-memory-bytes", "100KiB"], "must hold 128", 1),
            (["--kv-tokens", "100"], "128 to 16777216", 2),
        ] {
            let result = try await CascadeProcess.run(model + arguments)
            #expect(result.code == code, "\(arguments)")
            #expect(result.errors.contains(words), "\(result.errors)")
        }
    }

    @Test func sizesAreRead() {
        for (text, bytes) in [
            ("0", 0), ("1048576", 1 << 20), ("2GiB", 2 << 30), ("500MB", 500_000_000), ("3kib", 3_072), ("7B", 7),
        ] {
            #expect(ByteSize(argument: text)?.bytes == bytes, "\(text)")
        }
        for text in ["", "GiB", "1.5GiB", "-1", "2 GiB", "2G", "99999999999TiB"] {
            #expect(ByteSize(argument: text) == nil, "\(text)")
        }
    }
}
