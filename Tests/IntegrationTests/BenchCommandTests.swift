import CascadeBench
import CascadeCoordinator
import CascadeCore
import CascadeNode
import CascadeTestSupport
import Foundation
import Testing

@testable import cascade

/// `cascade bench` as scripts use it.
@Suite struct BenchCommandTests {
    private static let drafter = Fixtures.modelPath("tiny-llama.Q4_K_M")
    private static let expert = Fixtures.modelPath("tiny-llama.Q8_0")

    private func object(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    private func temporaryFile(_ content: String) throws -> String {
        let path = FileManager.default.temporaryDirectory.appending(path: "prompts-\(UUID().uuidString)").path
        try content.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    // MARK: engine

    private func engine(_ more: String...) async throws -> CascadeProcess.Result {
        let arguments = ["bench", "engine", "--model", Self.expert, "--rows", "4,1,32", "--n-depth", "40"]
        return try await CascadeProcess.run(arguments + ["--seconds", "1", "--threads", "2"] + more)
    }

    @Test func engineJSONHasItsShape() async throws {
        let result = try await engine("--json")
        #expect(result.code == 0, "\(result.errors)")
        let report = try object(result.output)
        #expect(
            Set(report.keys) == [
                "model", "build", "kernels", "threads", "context", "bandwidth_gb_per_s", "bytes_per_pass", "rows",
            ]
        )
        #expect(report["threads"] as? Int == 2)
        #expect(report["context"] as? Int == 40)
        #expect(try #require(report["bandwidth_gb_per_s"] as? Double) > 0.1)
        #expect(try #require(report["bytes_per_pass"] as? Int) > 100_000)
        let rows = try #require(report["rows"] as? [[String: Any]])
        #expect(rows.map { $0["rows"] as? Int } == [1, 4, 32])
        let one = try #require(rows[0]["ms_median"] as? Double)
        for row in rows {
            #expect(Set(row.keys) == ["rows", "ms_median", "ms_min", "tokens_per_second", "ratio_to_one"])
            let count = try #require(row["rows"] as? Int)
            let median = try #require(row["ms_median"] as? Double)
            #expect(try #require(row["ms_min"] as? Double) <= median)
            #expect(abs(try #require(row["tokens_per_second"] as? Double) * median / Double(count) - 1_000) < 1)
            #expect(abs(try #require(row["ratio_to_one"] as? Double) - median / one) < 1e-6)
        }
    }

    @Test func engineTableShowsTheShareOfTheBandwidth() async throws {
        let result = try await engine()
        #expect(result.code == 0, "\(result.errors)")
        let lines = result.output.split(separator: "\n")
        #expect(lines.contains { $0.contains("GB/s best") && $0.contains("median of") })
        let table = lines.drop { !$0.hasPrefix("ROWS") }
        #expect(table.count == 4)
        #expect(table.dropFirst().allSatisfy { $0.contains(" %") })
    }

    @Test(arguments: ["0", "1,,2", "x", "5000", ""])
    func engineRefusesRowCounts(_ rows: String) async throws {
        let arguments = ["bench", "engine", "--model", Self.expert, "--rows", rows]
        #expect(try await CascadeProcess.run(arguments).code == 2)
    }

    @Test func debugBuildsAreRefused() throws {
        let failure = #expect(throws: CommandFailure.self) { try BenchCommand.refuseDebugBuild(isDebug: true) }
        #expect(failure?.code == 1)
        #expect(failure?.message.contains("debug build") == true)
        try BenchCommand.refuseDebugBuild(isDebug: false)
    }

    // MARK: pair

    @Test func pairAnswersAreTheExpertsOwn() async throws {
        let prompts = try temporaryFile("{\"prompt\": \"Once upon a time\"}\n{\"text\": \"The sea was\"}\n")
        defer { try? FileManager.default.removeItem(atPath: prompts) }
        let result = try await CascadeProcess.run([
            "bench", "pair", "--drafter", Self.drafter, "--expert", Self.expert, "--prompts", prompts, "--raw",
            "--max-tokens", "24", "--num-speculative-tokens", "1,5,adaptive", "--kv-tokens", "512", "--json",
        ])
        #expect(result.code == 0, "\(result.errors)")
        let report = try object(result.output)
        #expect(report["tokens_equal"] as? Bool == true)
        #expect(report["prompts"] as? Int == 2)
        let variants = try #require(report["variants"] as? [[String: Any]])
        #expect(variants.map { $0["num_speculative_tokens"] as? Int } == [0, 1, 5, nil])
        #expect(variants.map { $0["name"] as? String } == ["expert-only", "lossless", "lossless", "adaptive"])
        #expect(variants[0]["speedup"] as? Double == 1)
        #expect(variants[0]["draft_acceptance_rate"] is NSNull)
        for variant in variants {
            #expect(variant["tokens_equal"] as? Bool == true)
            #expect(variant["tokens"] as? Int == variants[0]["tokens"] as? Int)
            #expect(try #require(variant["tokens_per_second"] as? Double) > 0)
        }
        for variant in variants[1...2] {
            #expect(try #require(variant["draft_acceptance_rate"] as? Double) > 0)
            #expect(try #require(variant["mean_acceptance_length"] as? Double) > 1)
            let rounds = try #require(variant["rounds"] as? Int)
            #expect(try #require(variants[0]["rounds"] as? Int) > rounds)
        }
    }

    @Test func localPairGeneratesTheReferenceTokens() async throws {
        let texts = ["Once upon a time", "The sea was", "A"]
        let expected = try await Generated.run(model: Self.expert, texts: texts, maxTokens: 30)
        let pair = try LocalPair(
            LocalPair.Settings(drafter: Self.drafter, expert: Self.expert, threads: 2, cacheLimit: .tokens(512))
        )
        for (text, reference) in zip(texts, expected) {
            for length in [.fixed(0), .fixed(3), .fixed(8), .adaptive] as [DraftLength] {
                let answer = try pair.answer(
                    text,
                    format: .raw,
                    maximumTokens: 30,
                    draftLength: length,
                    drafterKind: .both
                )
                #expect(answer.tokens == reference.tokens, "\(text), \(length)")
                if length != .adaptive { #expect((answer.counts.drafted > 0) == (length != .fixed(0))) }
                #expect(answer.counts.problem(emitted: answer.tokens.count) == nil)
                #expect(answer.timedTokens < answer.tokens.count)
            }
        }
    }

    @Test func aPairThatCannotWorkIsRefused() async throws {
        let prompts = try temporaryFile("a prompt\n")
        defer { try? FileManager.default.removeItem(atPath: prompts) }
        let foreign = try ForeignModel.make()
        defer { try? FileManager.default.removeItem(atPath: foreign) }
        let result = try await CascadeProcess.run([
            "bench", "pair", "--drafter", foreign, "--expert", Self.expert, "--prompts", prompts,
        ])
        #expect(result.code == 1)
        #expect(result.errors.contains("cannot work as a pair"))
    }

    @Test(
        arguments: [
            ("1,2,4", [1, 2, 4]), ("7", [7]), ("1, 2", [1, 2]), ("", nil), ("1,", nil), ("1,x", nil), ("1.5", nil),
        ] as [(String, [Int]?)]
    )
    func numberLists(_ text: String, _ expected: [Int]?) {
        #expect(NumberList(argument: text)?.numbers == expected)
    }

    @Test(
        arguments: [
            ("2,4,adaptive", [.fixed(2), .fixed(4), .adaptive]), ("adaptive", [.adaptive]), ("3,3", [.fixed(3)]),
            ("", nil), ("1,", nil), ("1,x", nil),
        ] as [(String, [DraftLength]?)]
    )
    func draftLengthLists(_ text: String, _ expected: [DraftLength]?) {
        #expect(DraftLengthList(argument: text)?.lengths == expected)
    }
}
