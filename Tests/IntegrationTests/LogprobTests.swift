import CascadeCore
import CascadeModel
import CascadeNode
import CascadeTestSupport
import Foundation
import Testing

/// `submit --logprobs` with real processes: what it prints is what the expert's model alone says of the same tokens.
@Suite(.serialized) struct LogprobTests {
    private struct Told: Decodable {
        var tokens: [UInt32]
        var logprobs: Content?

        struct Content: Decodable {
            var content: [Entry]
        }

        struct Entry: Decodable {
            var token: String
            var id: UInt32
            var logprob: Double?
            var rank: Int?
            var bytes: [UInt8]?
            var origin: String
            var top_logprobs: [Top]
        }

        struct Top: Decodable {
            var token: String
            var id: UInt32
            var logprob: Double
            var bytes: [UInt8]?
        }

        init(_ result: CascadeProcess.Result) throws {
            guard result.code == 0 else { throw Answer.Failure(result: result) }
            self = try JSONDecoder().decode(Self.self, from: Data(result.output.utf8))
        }
    }

    private static let prompt = ClusterTests.prompts[0]

    private func submit(_ cluster: TestCluster, _ options: [String]) async throws -> CascadeProcess.Result {
        try await cluster.client(
            ["submit", Self.prompt, "--raw", "--max-tokens", "24", "--drafter-kind", "model"]
                + ["--num-speculative-tokens", "4", "--seed", "7"] + options
        )
    }

    /// The expert alone, token by token behind the prompt.
    private func check(_ told: Told, top count: Int) throws {
        let entries = try #require(told.logprobs).content
        #expect(entries.map(\.id) == told.tokens && !entries.isEmpty)
        let tokenizer = try PromptTokenizer(path: ClusterTests.expert)
        let prompt = try tokenizer.encode(prompt: Array(Self.prompt.utf8), format: .raw)
        let model = try Model.load(path: ClusterTests.expert)
        let scorer = Scorer(engine: try Engine(model: model, options: EngineOptions(threads: 1, contextTokens: 512)))
        var text = try #require(prompt)
        for entry in entries {
            let all = try scorer.score(text, top: 512).lastTop
            let place = try #require(all.firstIndex { $0.token == entry.id })
            #expect(entry.rank == place + 1)
            #expect(abs(try #require(entry.logprob) - all[place].logProbability) < 1e-4)
            #expect(entry.bytes == Array(tokenizer.vocabulary.bytes(of: entry.id)))
            #expect(entry.token == String(decoding: entry.bytes ?? [], as: UTF8.self))
            #expect(entry.top_logprobs.map(\.id) == all.prefix(count).map(\.token))
            for (one, expected) in zip(entry.top_logprobs, all) {
                #expect(abs(one.logprob - expected.logProbability) < 1e-4)
                #expect(one.bytes == Array(tokenizer.vocabulary.bytes(of: one.id)))
            }
            text.append(entry.id)
        }
    }

    @Test(.timeLimit(.minutes(3)))
    func theyAreTheExpertsWhateverRuleLetATokenStand() async throws {
        let cluster = try await TestCluster.tinyPair()
        for temperature in ["0", "0.8"] {
            let sampling = ["--temperature", temperature, "--json"]
            let strict = try Told(await submit(cluster, sampling + ["--logprobs", "5"]))
            try check(strict, top: 5)
            // Under `lossless` at temperature 0 every token is the expert's likeliest.
            let ranks = try #require(strict.logprobs).content.map(\.rank)
            if temperature == "0" { #expect(ranks.allSatisfy { $0 == 1 }) }
            let plain = try Told(await submit(cluster, sampling))
            #expect(plain.tokens == strict.tokens && plain.logprobs == nil)
        }
        let rule = ["--rule", "token-v3", "--alpha", "0.6", "--temperature", "0.8", "--json", "--logprobs", "20"]
        let relaxed = try Told(await submit(cluster, rule))
        try check(relaxed, top: 20)
        // What the rule kept has 0.4 of the expert's largest probability at least, by what is told of it as well.
        let kept = try #require(relaxed.logprobs).content.filter { $0.origin == "kept" }
        #expect(!kept.isEmpty)
        for entry in kept {
            let least = log(0.4) + (entry.top_logprobs.first?.logprob ?? 0)
            #expect(try #require(entry.logprob) >= least - 1e-6, "\(entry)")
        }
    }

    /// Who follows the job later, or asks for the result, is told the same.
    @Test(.timeLimit(.minutes(2)))
    func aDetachedJobTellsThemLater() async throws {
        let cluster = try await TestCluster.tinyPair()
        let detached = try await submit(cluster, ["--detach", "--logprobs", "0"])
        let job = detached.output.trimmingCharacters(in: .whitespacesAndNewlines)
        let watched = try Told(await cluster.client(["watch", job, "--json"]))
        try check(watched, top: 0)
        let result = try await cluster.client(["result", job, "--json"])
        let again = try #require(try Told(result).logprobs).content
        let first = try #require(watched.logprobs).content
        #expect(again.map(\.logprob) == first.map(\.logprob))
    }

    @Test func whatCannotBeToldIsRefusedInWords() async throws {
        let submit = ["submit", "--logprobs"]
        for (options, words) in [
            (["5", "text"], "--logprobs needs --json"), (["21", "--json", "text"], "at most 20 tokens"),
            (["0", "--json", "--max-tokens", "4000", "text"], "at most 2048 tokens"),
        ] {
            let result = try await CascadeProcess.run(submit + options)
            #expect(result.code == 2 && result.errors.contains(words), "\(result)")
        }
    }
}
