import CascadeCore
import CascadeTestSupport
import Foundation
import Testing

/// Penalties and a bias as users ask for them: the bytes of `model generate`, whatever is drafted.
@Suite(.serialized) struct PenaltyClusterTests {
    private static let penalties = [
        "--presence-penalty=-0.25", "--frequency-penalty", "0.75", "--repetition-penalty", "1.2", "--logit-bias",
        "17=2.5", "--logit-bias", "40=-100",
    ]
    private static let sampled = ["--temperature", "0.8", "--seed", "3"]

    private func submit(_ cluster: TestCluster, _ prompt: String, _ more: [String]) async throws -> Answer {
        try Answer(await cluster.client(["submit", prompt, "--raw", "--json", "--max-tokens", "48"] + more))
    }

    @Test(.timeLimit(.minutes(4)))
    func theBytesAreThoseOfTheExpertAlone() async throws {
        let cluster = try await TestCluster.tinyPair()
        let (expert, prompts) = (ClusterTests.expert, ClusterTests.prompts)
        let more = Self.penalties
        let plain = try await Generated.run(model: expert, texts: prompts, maxTokens: 48)
        let greedy = try await Generated.run(model: expert, texts: prompts, maxTokens: 48, more: more)
        let drawn = try await Generated.run(model: expert, texts: prompts, maxTokens: 48, more: more + Self.sampled)
        #expect(greedy.map(\.tokens) != plain.map(\.tokens) && drawn.map(\.tokens) != greedy.map(\.tokens))
        #expect(greedy.allSatisfy { !$0.tokens.contains(40) })
        var accepted = 0
        for index in prompts.indices {
            for (length, kind) in [("0", "both"), ("1", "model"), ("4", "model"), ("7", "both"), ("adaptive", "both")] {
                let draft = ["--num-speculative-tokens", length, "--drafter-kind", kind]
                for method in ["rejection", "block", "coupled"] {
                    let options = more + draft + ["--verify-method", method]
                    let answer = try await submit(cluster, prompts[index], options)
                    #expect(answer.tokens == greedy[index].tokens, "\(length) \(method), \(prompts[index])")
                    accepted += answer.speculative_decoding.num_accepted_draft_tokens
                }
                // Coupled and lossless: the same sample with and without drafts.
                let options = more + Self.sampled + draft + ["--verify-method", "coupled"]
                let answer = try await submit(cluster, prompts[index], options)
                #expect(answer.tokens == drawn[index].tokens, "\(length), \(prompts[index])")
            }
        }
        #expect(accepted > 0)
    }

    /// A drafter whose head lacks tokens of the bias and of the answer drafts on; the answer is the same.
    @Test(.timeLimit(.minutes(2)))
    func slimDraftersChangeNothing() async throws {
        let cluster = try TestCluster()
        try cluster.start(.expert, model: ClusterTests.expert)
        try cluster.start(.drafter, model: ClusterTests.drafter, arguments: ["--draft-vocabulary", "300"])
        try await cluster.waitForReady(2)
        let texts = Array(ClusterTests.prompts.prefix(3))
        let expected = try await Generated.run(
            model: ClusterTests.expert,
            texts: texts,
            maxTokens: 48,
            more: Self.penalties
        )
        let draft = ["--num-speculative-tokens", "4", "--drafter-kind", "model"]
        for (prompt, generated) in zip(texts, expected) {
            #expect(try await submit(cluster, prompt, Self.penalties + draft).tokens == generated.tokens, "\(prompt)")
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func theAnswerEchoesThemAndTheClusterChecksTokens() async throws {
        let cluster = try await TestCluster.tinyPair()
        let arguments = ["submit", "hello", "--raw", "--json", "--max-tokens", "4"]
        let result = try await cluster.client(arguments + Self.penalties)
        #expect(result.code == 0, "\(result.errors)")
        let object = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
        let echo = try #require(object?["cascade"] as? [String: Any])
        #expect(echo["presence_penalty"] as? Double == -0.25 && echo["frequency_penalty"] as? Double == 0.75)
        #expect(echo["repetition_penalty"] as? Double == 1.2)
        #expect(echo["logit_bias"] as? [String: Double] == ["17": 2.5, "40": -100])
        let refused = try await cluster.client(arguments + ["--logit-bias", "512=1"])
        #expect(refused.code == 4, "\(refused)")
        #expect(refused.errors.contains("logit-bias names token 512, and the vocabulary has 512 tokens"))
    }

    @Test(arguments: [
        ("--presence-penalty 2.5", "presence-penalty must be between -2 and 2, not 2.5"),
        ("--frequency-penalty=-2.5", "frequency-penalty must be between -2 and 2, not -2.5"),
        ("--repetition-penalty 0", "repetition-penalty must be above 0 and at most 100"),
        ("--repetition-penalty x", "it must be a decimal number"),
        ("--logit-bias 5", "such as 1042=-5"), ("--logit-bias 5=x", "such as 1042=-5"),
        ("--logit-bias 5=101", "such as 1042=-5"), ("--logit-bias -5=1", "logit-bias"),
        ("--logit-bias 5=1 --logit-bias 5=2", "logit-bias names token 5 twice"),
    ])
    func refusals(_ options: String, _ words: String) async throws {
        for command in [["submit", "x"], ["model", "generate", "--model", ClusterTests.expert, "x"]] {
            let result = try await CascadeProcess.run(command + options.split(separator: " ").map(String.init))
            #expect(result.code == 2 && result.errors.contains(words), "\(result.errors)")
        }
    }
}
