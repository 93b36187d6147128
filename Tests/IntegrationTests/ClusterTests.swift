import CascadeCore
import CascadeTestSupport
import Foundation
import Synchronization
import Testing

/// Three real processes with tiny models: the answers of the cluster are those of the expert alone.
@Suite(.serialized) struct ClusterTests {
    static let expert = Fixtures.modelPath("tiny-llama.Q8_0")
    static let drafter = Fixtures.modelPath("tiny-llama.Q4_K_M")
    static let prompts = [
        "The small model drafts a few tokens", "def fibonacci(n):", "Numbers: 3.14159, 1,234,567", "naïve café",
        "Once upon a time there was",
    ]

    /// Four tokens per round, drafted by the drafter, unless `more` says something else.
    private func submit(_ cluster: TestCluster, _ prompt: String, _ more: [String] = []) async throws -> Answer {
        let fixed = ["--num-speculative-tokens", "4", "--drafter-kind", "model"]
        return try Answer(
            await cluster.client(["submit", prompt, "--raw", "--json", "--max-tokens", "64"] + fixed + more)
        )
    }

    @Test(.timeLimit(.minutes(3)))
    func losslessGreedyEqualsTheExpertAlone() async throws {
        let cluster = try await TestCluster.tinyPair()
        let reference = try await Generated.run(model: Self.expert, texts: Self.prompts, maxTokens: 64)
        for (prompt, expected) in zip(Self.prompts, reference) {
            for k in [0, 1, 4, 7] {
                let answer = try await submit(cluster, prompt, ["--num-speculative-tokens", "\(k)"])
                #expect(answer.tokens == expected.tokens, "k = \(k), prompt \(prompt)")
                #expect(answer.text == expected.text)
                #expect(answer.finish_reason == expected.finish_reason)
                let ledger = answer.cascade
                #expect(ledger.drafted == ledger.kept + ledger.matched + ledger.recovered + ledger.discarded)
                #expect((k > 0) == (answer.speculative_decoding.num_spec_steps > 0))
                if k > 0 { #expect(answer.speculative_decoding.num_accepted_draft_tokens > 0) }
            }
        }
    }

    /// Guarantee G1: a drafter that lacks many tokens and is roughly rounded, changes what is drafted, never the
    /// answer.
    @Test(.timeLimit(.minutes(3)))
    func slimDraftersDoNotChangeLosslessAnswers() async throws {
        let cluster = try TestCluster()
        try cluster.start(.expert, model: Self.expert)
        let slim = ["--draft-vocabulary", "300", "--draft-quantization", "q4_0"]
        try cluster.start(.drafter, model: Self.drafter, arguments: slim)
        try await cluster.waitForReady(2)
        let reference = try await Generated.run(model: Self.expert, texts: Self.prompts, maxTokens: 64)
        var accepted = 0
        for (prompt, expected) in zip(Self.prompts, reference) {
            let answer = try await submit(cluster, prompt)
            #expect(answer.tokens == expected.tokens, "\(prompt)")
            #expect(answer.text == expected.text)
            accepted += answer.speculative_decoding.num_accepted_draft_tokens
        }
        #expect(accepted > 0)
    }

    @Test func unreadableDraftVocabularyIsNamed() async throws {
        let arguments = ["drafter", "--model", Self.drafter, "--endpoint", "tcp://127.0.0.1:1", "--draft-vocabulary"]
        let missing = try await CascadeProcess.run(arguments + ["300", "--draft-vocabulary-file", "/nonexistent"])
        #expect(missing.code == 1 && missing.errors.contains("/nonexistent"))
        let pointless = try await CascadeProcess.run(arguments + ["0", "--draft-vocabulary-file", "/nonexistent"])
        #expect(pointless.code == 2 && pointless.errors.contains("--draft-vocabulary-file needs"))
    }

    /// G1 for all that may draft, at the default draft length too.
    @Test(.timeLimit(.minutes(3)))
    func whateverDraftsTheTokensAreTheExperts() async throws {
        let cluster = try await TestCluster.tinyPair()
        let prompts = Array(Self.prompts.prefix(2)) + ["one two three four, one two three four, one two three"]
        let reference = try await Generated.run(model: Self.expert, texts: prompts, maxTokens: 64)
        for kind in ["model", "lookup", "both"] {
            for length in ["adaptive", "7"] {
                for (prompt, expected) in zip(prompts, reference) {
                    let more = ["--drafter-kind", kind, "--num-speculative-tokens", length]
                    let answer = try await submit(cluster, prompt, more)
                    #expect(answer.tokens == expected.tokens, "\(kind) \(length), prompt \(prompt)")
                    #expect(answer.cascade.drafter_kind == kind)
                    let sources = answer.cascade.draft_sources
                    #expect(sources.model + sources.lookup == answer.cascade.drafted)
                    #expect(answer.cascade.copied <= sources.lookup)
                    if kind == "model" { #expect(sources.lookup == 0) }
                    if kind == "lookup" { #expect(sources.model == 0) }
                    if kind != "model", length == "7", prompt == prompts.last { #expect(sources.lookup > 0) }
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(3)))
    func everyRuleAnswersAndSeveralJobsRunAtOnce() async throws {
        let cluster = try await TestCluster.tinyPair()
        let answers = try await withThrowingTaskGroup(of: (String, Answer).self) { group in
            for rule in RuleSettings.Rule.allCases {
                for temperature in rule.needsCoin ? ["0.8"] : ["0", "0.8"] {
                    group.addTask {
                        let more = Self.options(rule) + ["--temperature", temperature]
                        return ("\(rule.rawValue) \(temperature)", try await submit(cluster, Self.prompts[0], more))
                    }
                }
            }
            var answers: [String: Answer] = [:]
            for try await (name, answer) in group { answers[name] = answer }
            return answers
        }
        #expect(answers.count == 2 * RuleSettings.Rule.allCases.count - 2)
        for (name, answer) in answers {
            #expect(!answer.tokens.isEmpty, "\(name)")
            let ledger = answer.cascade
            #expect(ledger.drafted == ledger.kept + ledger.matched + ledger.recovered + ledger.discarded)
            if name.hasPrefix("lossless") { #expect(ledger.kept == 0) }
        }
        // The same seed gives the same bytes: fixed k, no faults (guarantee G4).
        for rule in RuleSettings.Rule.allCases {
            let again = try await submit(cluster, Self.prompts[0], Self.options(rule) + ["--temperature", "0.8"])
            #expect(again.tokens == answers["\(rule.rawValue) 0.8"]?.tokens, "\(rule)")
        }
    }

    /// Options of a rule with one of the ways to walk a draft.
    private static func options(_ rule: RuleSettings.Rule) -> [String] {
        let methods = RuleSettings.VerifyMethod.allCases
        let index = RuleSettings.Rule.allCases.firstIndex(of: rule) ?? 0
        let method = methods[index % methods.count].rawValue
        return ["--rule", rule.rawValue, "--verify-method", method, "--seed", "7", "--top-k", "40"]
    }

    @Test(.timeLimit(.minutes(2)))
    func plainExpertDecodingWithoutADrafter() async throws {
        let cluster = try TestCluster()
        try cluster.start(.expert, model: Self.expert)
        try await cluster.waitForReady(1)
        let expected = try await Generated.run(model: Self.expert, texts: [Self.prompts[1]], maxTokens: 64)[0]
        let answer = try await submit(cluster, Self.prompts[1])
        #expect(answer.tokens == expected.tokens)
        #expect(answer.speculative_decoding.num_spec_steps == 0)
        #expect(answer.speculative_decoding.mean_acceptance_length == nil)
    }

    @Test(.timeLimit(.minutes(2)))
    func stopStringsAndStreaming() async throws {
        let cluster = try await TestCluster.tinyPair()
        let whole = try await submit(cluster, Self.prompts[0])
        // A tiny model writes broken UTF-8 too: the stop string is a run of ASCII in the second half.
        let half = whole.text.dropFirst(whole.text.count / 2)
        let run = try #require(half.split { !$0.isASCII || !$0.isLetter }.first { $0.count >= 3 })
        let stop = String(run)
        let cut = try await submit(cluster, Self.prompts[0], ["--stop", stop])
        let expected = try #require(whole.text.range(of: stop))
        #expect(cut.text == String(whole.text[..<expected.lowerBound]))
        #expect(cut.finish_reason == "stop")
        let streamed = try await cluster.client(
            ["submit", Self.prompts[0], "--raw", "--max-tokens", "64", "--num-speculative-tokens", "4"]
        )
        #expect(streamed.output == whole.text + (whole.text.hasSuffix("\n") ? "" : "\n"))
        #expect(!streamed.errors.contains("acceptance") && streamed.errors.contains(" in "), "\(streamed.errors)")
    }
}
