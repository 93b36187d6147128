import CascadeHost
import CascadeNode
import Foundation
import Testing

@testable import CascadeBench

/// `cascade bench serve --compare`: whether two hosts pay.
struct ServeComparisonTests {
    /// A run's JSON, as far as a comparison reads it.
    private func record(
        hosts: [String] = ["b/0-1"],
        prompts: String = "x",
        maxTokens: Int = 128,
        concurrency: Int = 1,
        rates: [Double],
        msPerRound: Double = 40,
        busy: [Double] = [0.25, 0.5]
    ) throws -> ServeRecord {
        func percentiles(_ value: Double) -> [String: Double] { ["p50": value, "p90": value, "p99": value] }
        let roles = ["drafter", "expert"]
        let object: [String: Any] = [
            "synthetic": false,
            "nodes": hosts.map { ["host": $0] },
            "prompts": ["count": 3, "hash": prompts, "file": "f"] as [String: Any],
            "request": [
                "rule": NSNull(), "alpha": NSNull(), "verify_method": "rejection", "temperature": 0, "top_k": 0,
                "top_p": 1,
                "min_p": 0, "drafter_kind": "both", "max_tokens": maxTokens, "raw": false, "seed": 1,
            ] as [String: Any],
            "points": [
                [
                    "concurrency": concurrency, "num_speculative_tokens": "adaptive",
                    "tokens_per_second": rates.sorted()[1],
                    "tokens_per_second_by_turn": rates, "ms_per_round": msPerRound,
                    "latency_ms": [
                        "first_token": percentiles(10 / rates[0]), "between_tokens": percentiles(1 / rates[0]),
                        "whole": percentiles(100 / rates[0]),
                    ],
                    "nodes": zip(roles, busy).map { ["role": $0, "busy_fraction": $1] as [String: Any] },
                ] as [String: Any]
            ],
        ]
        return try #require(ServeRecord(json: try JSONSerialization.data(withJSONObject: object)))
    }

    private func sentence(_ now: ServeRecord, _ before: ServeRecord) throws -> String {
        let comparison = try ServeComparison(now, with: before, file: "before.json")
        #expect(comparison.text.contains("against before.json"))
        return try #require(comparison.settings.first).sentence
    }

    @Test func twoHostsPay() throws {
        let now = try record(hosts: ["a/0-1", "b/0-1"], concurrency: 8, rates: [140, 142, 150], busy: [0.5, 0.97])
        let before = try record(concurrency: 8, rates: [99, 100, 101], busy: [0.4, 0.61])
        #expect(
            try sentence(now, before)
                == """
                two hosts pay at 8 jobs, k adaptive: 1.42x tokens/s; the expert is busy 0.97 of the time (0.61 on one \
                host)
                """
        )
        let setting = try #require(try ServeComparison(now, with: before, file: "f").settings.first)
        #expect(setting.verdict == .pays && setting.tokensPerSecondRatio == 1.42)
        #expect(abs((setting.wholeP50Ratio.value ?? 0) - 99.0 / 140) < 1e-9)
    }

    @Test func twoHostsDoNotPay() throws {
        let now = try record(hosts: ["a/0-1", "b/0-1"], rates: [93, 93, 93], msPerRound: 60, busy: [0.2, 0.4])
        let before = try record(rates: [99, 100, 101], msPerRound: 40, busy: [0.3, 0.6])
        #expect(
            try sentence(now, before)
                == """
                two hosts do not pay at 1 job, k adaptive: 0.93x tokens/s; each round waits 24.0 ms for messages and \
                the coordinator (4.0 ms on one host) beside 36.0 ms in passes (36.0 ms)
                """
        )
    }

    @Test func turnsThatOverlapDecideNothing() throws {
        let now = try record(rates: [98, 102, 104], busy: [])
        let before = try record(rates: [99, 100, 101])
        #expect(
            try sentence(now, before)
                == "this run's cluster makes no clear difference at 1 job, k adaptive: 1.02x tokens/s, turns overlap"
        )
        #expect(ServeComparison.verdict([], [1]) == nil)
    }

    @Test func onlyLikeIsCompared() throws {
        let now = try record(rates: [1, 2, 3])
        for other in [
            try record(prompts: "y", rates: [1, 2, 3]), try record(maxTokens: 64, rates: [1, 2, 3]),
            try record(concurrency: 2, rates: [1, 2, 3]),
        ] {
            let failure = #expect(throws: NodeError.self) {
                _ = try ServeComparison(now, with: other, file: "before.json")
            }
            guard case .failed(let message) = failure else {
                Issue.record("\(String(describing: failure))")
                continue
            }
            #expect(message.contains("before.json"))
        }
        #expect(ServeRecord(json: Data("{}".utf8)) == nil)
    }
}
