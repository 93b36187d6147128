import CascadeTestSupport
import Foundation
import Testing

/// What operators allow and what users are told, with real processes.
@Suite(.serialized) struct ExplainTests {
    private struct Explained: Decodable {
        var text: String
        var tokens: [UInt32]
        var cascade: Ledger
        var explanation: [Entry]?

        struct Ledger: Decodable {
            var rule: String
            var alpha: Double?
            var matched: Int
            var kept: Int
            var recovered: Int
            var bonus: Int
        }

        struct Entry: Decodable {
            var index: Int
            var token: UInt32
            var origin: String
            var decision: String
            var round: Int
            var drafted: Drafted?

            struct Drafted: Decodable {
                var token: UInt32
                var probability: Double
                var coin: Double?
                var evidence: Evidence?
            }

            struct Evidence: Decodable {
                var gate_probability: Double
                var gate_maximum: Double
                var variation: Double
            }
        }
    }

    private func submit(_ cluster: TestCluster, _ options: [String]) async throws -> CascadeProcess.Result {
        try await cluster.client(
            ["submit", ClusterTests.prompts[0], "--raw", "--max-tokens", "40", "--drafter-kind", "model"]
                + ["--num-speculative-tokens", "4", "--temperature", "0.8", "--seed", "7"] + options
        )
    }

    @Test(.timeLimit(.minutes(3)))
    func everyTokenIsExplainedAndTheAnswerIsTheSame() async throws {
        let cluster = try await TestCluster.tinyPair()
        let rule = ["--rule", "token-v3", "--alpha", "0.6", "--json"]
        let plain = try Answer(await submit(cluster, rule))
        let result = try await submit(cluster, rule + ["--explain"])
        let answer = try JSONDecoder().decode(Explained.self, from: Data(result.output.utf8))
        #expect(answer.tokens == plain.tokens)
        let entries = try #require(answer.explanation)
        #expect(entries.map(\.token) == answer.tokens)
        #expect(entries.map(\.index) == Array(answer.tokens.indices))
        for (decision, count) in [
            ("matched", answer.cascade.matched), ("kept", answer.cascade.kept),
            ("recovered", answer.cascade.recovered), ("bonus", answer.cascade.bonus),
        ] {
            // Judged tokens behind the limit are counted and not emitted.
            #expect(abs(entries.count { $0.decision == decision } - count) <= 4, "\(decision)")
        }
        #expect(Set(entries.map(\.decision)).count >= 3)
        for entry in entries {
            let drafted = entry.drafted
            #expect((drafted == nil) == (entry.decision == "bonus"))
            guard let drafted, let evidence = drafted.evidence else { continue }
            #expect((0...1).contains(drafted.probability) && (0...1).contains(evidence.variation))
            let isInHead = evidence.gate_probability >= 0.4 * evidence.gate_maximum
            #expect(isInHead == (entry.decision == "kept"), "\(entry)")
            if entry.decision == "recovered" { #expect(drafted.token != entry.token) }
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func coloursAreForTerminalsAndPlainTextIsUntouched() async throws {
        let cluster = try await TestCluster.tinyPair()
        let rule = ["--rule", "token-v3", "--alpha", "0.6"]
        let plain = try await submit(cluster, rule)
        let piped = try await submit(cluster, rule + ["--explain"])
        #expect(piped.output == plain.output)
        #expect(piped.errors.contains("matched"))
    }

    @Test(.timeLimit(.minutes(2)))
    func operatorsChooseTheRules() async throws {
        let cluster = try await TestCluster.tinyPair(
            coordinator: ["--allow-rules", "token-v3,chow", "--default-rule", "token-v3", "--default-alpha", "0.4"]
        )
        let standard = try JSONDecoder().decode(
            Explained.self,
            from: Data(try await submit(cluster, ["--json"]).output.utf8)
        )
        #expect(standard.cascade.rule == "token-v3" && standard.cascade.alpha == 0.4)
        #expect(try Answer(await submit(cluster, ["--rule", "chow", "--json"])).cascade.rule == "chow")
        #expect(try Answer(await submit(cluster, ["--rule", "lossless", "--json"])).cascade.rule == "lossless")
        let refused = try await submit(cluster, ["--rule", "opt"])
        #expect(refused.code == 4)
        #expect(refused.errors.contains("opt") && refused.errors.contains("chow"), "\(refused.errors)")
    }
}
