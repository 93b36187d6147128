import CascadeCore
import CascadeNode
import CascadeTestSupport
import Foundation
import Testing

@testable import cascade

/// The committed example of what `cascade submit --json` prints: whoever changes the shape sees it here.
///
/// With `CASCADE_WRITE_GOLDEN=1` the file is written anew: only for a change of the shape that is meant.
struct SubmitResultTests {
    private static let file = Fixtures.folder.appending(path: "json/submit.json")

    private static let report = JobReport(
        job: JobID(rawValue: 0x1234_5678_9abc_def0),
        reason: .stop,
        error: nil,
        tokens: [9707, 11, 1879, 151_645],
        text: Array("Hello, world".utf8),
        promptTokens: 24,
        sampling: SamplingSettings(),
        rule: RuleSettings(rule: .tokenV3, alpha: 0.3),
        seed: 99,
        draftLength: .adaptive,
        drafterKind: .both,
        draftMinimumConfidence: 0.25,
        counts: SpeculationCounts(
            rounds: 2,
            expertRounds: 2,
            draftedRounds: 1,
            drafted: 4,
            kept: 1,
            matched: 1,
            recovered: 1,
            bonus: 1,
            discarded: 1,
            unruledPositions: 4,
            lookupDrafted: 4,
            lookupAccepted: 2,
            acceptanceHistogram: [0, 0, 1]
        ),
        queueMilliseconds: 20,
        firstTokenMilliseconds: 40,
        totalMilliseconds: 100
    )

    @Test func theShapeIsTheCommittedOne() throws {
        let bytes = try Output.jsonBytes(SubmitResult(Self.report))
        if ProcessInfo.processInfo.environment["CASCADE_WRITE_GOLDEN"] != nil {
            try FileManager.default.createDirectory(
                at: Self.file.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(bytes).write(to: Self.file)
        }
        #expect(String(decoding: bytes, as: UTF8.self) == (try String(contentsOf: Self.file, encoding: .utf8)))
    }

    /// What differs by setting: a number, a string or null in the same place.
    @Test func valuesThatMayBeMissing() throws {
        var report = Self.report
        report.draftLength = .fixed(4)
        report.rule = RuleSettings()
        report.tokens = []
        report.counts = SpeculationCounts(rounds: 1)
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(Output.jsonBytes(SubmitResult(report)))) as? [String: Any]
        )
        let cascade = try #require(object["cascade"] as? [String: Any])
        #expect(cascade["num_speculative_tokens"] as? Int == 4)
        #expect(cascade["alpha"] is NSNull)
        let speculation = try #require(object["speculative_decoding"] as? [String: Any])
        #expect(speculation["mean_acceptance_length"] is NSNull)
    }
    /// The shape of OpenAI's `logprobs.content`, with what cannot be told as null.
    @Test func logprobsHaveTheShapeThatClientsKnow() throws {
        let told = TokenLogprobs(
            RankedLogprob(-0.5, rank: 2),
            bytes: [0xC3],
            top: [
                TokenLogprobs.Entry(TopLogprob(9707, -0.25), bytes: Array("Hello".utf8)),
                TokenLogprobs.Entry(TopLogprob(11, -9999), bytes: nil),
            ]
        )
        let tokens = [told, nil].map { logprobs in
            ExplainedToken(
                token: 7,
                origin: .kept,
                explanation: Explanation(round: 1, textBytes: 1, draft: nil, logprobs: logprobs)
            )
        }
        let result = SubmitResult(Self.report, likely: tokens)
        let object = try JSONSerialization.jsonObject(with: Data(Output.jsonBytes(result))) as? [String: Any]
        #expect(object?["explanation"] == nil)
        let logprobs = try #require(object?["logprobs"] as? [String: Any])
        let content = try #require(logprobs["content"] as? [[String: Any]])
        #expect(content.count == 2)
        let first = content[0]
        #expect(first["token"] as? String == "\u{FFFD}" && first["bytes"] as? [Int] == [0xC3])
        #expect(first["logprob"] as? Double == -0.5 && first["rank"] as? Int == 2)
        #expect(first["origin"] as? String == "kept" && first["id"] as? Int == 7)
        let top = try #require(first["top_logprobs"] as? [[String: Any]])
        #expect(top.map { $0["token"] as? String } == ["Hello", "token_id:11"])
        #expect(top.map { $0["logprob"] as? Double } == [-0.25, -9999] && top[1]["bytes"] is NSNull)
        let second = content[1]
        for key in ["logprob", "rank", "bytes"] { #expect(second[key] is NSNull, "\(key)") }
        #expect(second["token"] as? String == "token_id:7" && (second["top_logprobs"] as? [Any])?.isEmpty == true)
    }
}
