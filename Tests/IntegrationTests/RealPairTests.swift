import CascadeCore
import CascadeTestSupport
import Foundation
import Testing

/// The default pair on HumanEval: the cluster's greedy lossless answers are the expert's own, and drafts are accepted
/// in every one. Three prompts of 48 tokens here; `deploy/soak` sets CASCADE_SOAK and runs twenty of 128.
@Suite(
    .serialized,
    .enabled(
        if: HumanEval.isTestableWithDefaultPair,
        "the default pair or HumanEval is not there: deploy/test fetches both"
    )
)
struct RealPairTests {
    private static let isSoak = ProcessInfo.processInfo.environment["CASCADE_SOAK"] != nil

    /// A cluster without a drafter: what the prompt says before is copied, and the tokens stay the expert's own.
    @Test(.timeLimit(.minutes(10)))
    func lookupNeedsNoDrafterAndCopies() async throws {
        let cluster = try TestCluster()
        try cluster.start(.expert, model: RealModel.coderOneAndAHalfBillion.path)
        try await cluster.waitForReady(1, seconds: 120)
        let answer = try Answer(
            await cluster.client(
                ["submit", HumanEval.copying, "--raw", "--json", "--max-tokens", "40", "--drafter-kind", "lookup"]
            )
        )
        let expected = try await Generated.run(
            model: RealModel.coderOneAndAHalfBillion.path,
            texts: [HumanEval.copying],
            maxTokens: 40
        )
        #expect(answer.tokens == expected[0].tokens)
        #expect(answer.cascade.draft_sources.model == 0)
        #expect(answer.cascade.copied >= 8, "of \(answer.tokens.count) tokens")
    }

    @Test(.timeLimit(.minutes(60)))
    func losslessGreedyEqualsTheExpertAlone() async throws {
        let (count, maxTokens) = Self.isSoak ? (20, 128) : (3, 48)
        let prompts = try HumanEval.prompts(count)
        try #require(prompts.count == count)
        let cluster = try TestCluster()
        try cluster.start(.expert, model: RealModel.coderOneAndAHalfBillion.path)
        try cluster.start(.drafter, model: RealModel.coderHalfBillion.path)
        try await cluster.waitForReady(2, seconds: 120)
        var answers: [Answer] = []
        for prompt in prompts {
            // A fixed draft length: on a busy machine the adaptive one may rightly find that drafts do not pay.
            let more = ["--raw", "--json", "--max-tokens", "\(maxTokens)", "--num-speculative-tokens", "4"]
            answers.append(try Answer(await cluster.client(["submit", prompt] + more)))
        }
        let expected = try await Generated.run(
            model: RealModel.coderOneAndAHalfBillion.path,
            texts: prompts,
            maxTokens: maxTokens
        )
        for (index, (answer, reference)) in zip(answers, expected).enumerated() {
            #expect(answer.tokens == reference.tokens, "prompt \(index)")
            #expect(answer.speculative_decoding.num_accepted_draft_tokens > 0, "prompt \(index)")
            let length = answer.speculative_decoding.mean_acceptance_length ?? 0
            print("prompt \(index): \(answer.tokens.count) tokens, mean acceptance length \(length)")
        }
    }

    /// G2 of decisions.md 7: under `lossless` with `coupled` the bytes depend on the seed, not on what drafts or how
    /// much; and G1: at temperature 0 not on the method either.
    @Test(.timeLimit(.minutes(30)))
    func coupledAnswersDoNotDependOnTheDraft() async throws {
        let (count, maxTokens) = Self.isSoak ? (10, 128) : (2, 32)
        let prompts = try HumanEval.prompts(count)
        let cluster = try TestCluster()
        try cluster.start(.expert, model: RealModel.coderOneAndAHalfBillion.path)
        try cluster.start(.drafter, model: RealModel.coderHalfBillion.path)
        try await cluster.waitForReady(2, seconds: 120)
        var sampled = 0
        for (index, prompt) in prompts.enumerated() {
            func answer(_ options: [String]) async throws -> Answer {
                let fixed = ["submit", prompt, "--raw", "--json", "--max-tokens", "\(maxTokens)", "--seed", "7"]
                return try Answer(await cluster.client(fixed + options))
            }
            let coupled = ["--temperature", "1.3", "--verify-method", "coupled", "--num-speculative-tokens"]
            let alone = try await answer(coupled + ["0"])
            var accepted = 0
            for length in ["1", "4", "8", "adaptive"] {
                for kind in ["model", "both"] {
                    let other = try await answer(coupled + [length, "--drafter-kind", kind])
                    #expect(other.tokens == alone.tokens, "prompt \(index), draft length \(length), \(kind)")
                    accepted += Int(other.speculative_decoding.num_accepted_draft_tokens)
                }
            }
            #expect(accepted > 0)
            let greedy = try await answer(["--temperature", "0"])
            for method in ["block", "coupled"] {
                let other = try await answer(
                    ["--temperature", "0", "--verify-method", method, "--num-speculative-tokens", "4"]
                )
                #expect(other.tokens == greedy.tokens, "prompt \(index), \(method)")
                #expect(other.cascade.verify_method == method)
            }
            if greedy.tokens != alone.tokens { sampled += 1 }
        }
        #expect(sampled > 0, "no answer at temperature 1.3 differs from the greedy one")
    }
}
