import Foundation
import Testing

@testable import CascadeEval

struct RunSummaryTests {
    private let problems = (0..<6).map { "p\($0)" }

    @Test func passRatesAreComparedOnTheSameProblems() throws {
        // The expert passes p0..p3, the rule p0 and p5.
        var records = problems.enumerated().map { EvalRecord.make("expert-only", problem: $1, passed: $0 < 4) }
        records += problems.enumerated().map {
            EvalRecord.make("chow", alpha: 0.2, problem: $1, tokens: 20, passed: [0, 5].contains($0))
        }
        let summary = RunSummary(records.reversed())
        #expect(summary.settings.map(\.label) == ["expert-only", "chow 0.2"])
        let (expert, rule) = (summary.settings[0], summary.settings[1])
        #expect(abs(try #require(expert.passRate).mean - 4 / 6) < 1e-12)
        #expect(expert.comparison == nil && expert.speedup == nil)
        let comparison = try #require(rule.comparison)
        #expect(abs(comparison.difference.mean - -2 / 6) < 1e-12)
        #expect(comparison.test == McNemarTest(onlyFirst: 1, onlySecond: 3))
        #expect(rule.tokens == 20 && rule.acceptance == 0.5 && rule.expertPasses == 0.5 && rule.relaxed == 0.05)
        // 10 ms a token against 5 ms: no latency answers, so times are of the others.
        #expect(rule.speedup == 2 && rule.millisecondsPerToken == 5 && !summary.isTimedAlone)
    }

    @Test func timesAreOfTheAnswersThatWereTimed() throws {
        var records = problems.map { EvalRecord.make("expert-only", problem: $0, passed: true) }
        records += problems.map { EvalRecord.make("lossless", problem: $0, passed: true) }
        for (index, factor) in [1.0, 2, 4].enumerated() {
            records.append(.make("expert-only", problem: "p\(index)", phase: .latency, milliseconds: 400))
            records.append(.make("lossless", problem: "p\(index)", phase: .latency, milliseconds: 400 / factor))
        }
        let summary = RunSummary(records)
        #expect(summary.isTimedAlone)
        #expect(abs(summary.settings[0].seconds.mean - 0.4) < 1e-12)
        #expect(summary.settings[0].millisecondsPerToken == 40)
        #expect(summary.settings[1].speedup == 2)
        #expect(summary.settings[1].problems == 6)
    }

    @Test func likenessIsToAnotherOfTheExpertsAnswers() {
        let records = [
            EvalRecord.make("expert-only", problem: "a", temperature: 1, sample: 0, text: "one two three four"),
            EvalRecord.make("expert-only", problem: "a", temperature: 1, sample: 1, text: "one two three five"),
            EvalRecord.make("chow", alpha: 0.2, problem: "a", temperature: 1, sample: 0, text: "one two three five"),
            EvalRecord.make("chow", alpha: 0.2, problem: "a", temperature: 1, sample: 1, text: "six"),
            EvalRecord.make("expert-only", problem: "a", text: "greedy"),
            EvalRecord.make("chow", alpha: 0.2, problem: "a", text: "greedy"),
        ]
        let summary = RunSummary(records)
        #expect(summary.temperatures == [0, 1])
        // Greedy: there is no other answer of the expert to compare it with.
        #expect(summary.settings[0].likeness == nil && summary.settings[1].likeness?.mean == 1)
        #expect(summary.settings[2].likeness?.mean == 0.75)
        #expect(summary.settings[3].likeness?.mean == 0.5)
    }

    @Test func theReportHasEveryWayAndItsPlots() async throws {
        var records = problems.map { EvalRecord.make("expert-only", problem: $0, passed: true) }
        records += problems.map { EvalRecord.make("token-v3", alpha: 0.3, problem: $0, passed: $0 != "p1") }
        records[7].failure = "AssertionError, with a \"quote\""
        let untimed = EvalReport(records, notes: []).markdown(plots: [])
        #expect(untimed.contains("passes/token") && !untimed.contains("ms/token"))
        records.append(.make("expert-only", problem: "p0", phase: .latency))
        records.append(.make("token-v3", alpha: 0.3, problem: "p0", phase: .latency))
        let folder = FileManager.default.temporaryDirectory.appending(path: "eval-report-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let names = try await EvalReport(records, notes: ["- a note"]).write(to: folder)
        for name in ["results.csv", "report.md", "quality-latency-t0.0.svg", "quality-passes-t0.0.svg"] {
            #expect(names.contains(name))
            #expect(FileManager.default.fileExists(atPath: folder.appending(path: name).path))
        }
        let report = try String(contentsOf: folder.appending(path: "report.md"), encoding: .utf8)
        #expect(report.contains("- a note\n") && report.contains("| expert-only ") && report.contains("| token-v3 0.3"))
        #expect(report.contains("-0.167"))
        let csv = try String(contentsOf: folder.appending(path: "results.csv"), encoding: .utf8)
        #expect(
            csv.contains(
                "quality,p1,token-v3,0.3,0.0,0,0,,10,stop,100.0,,5,10,5,1,\"AssertionError, with a \"\"quote\"\"\""
            )
        )
    }
}
