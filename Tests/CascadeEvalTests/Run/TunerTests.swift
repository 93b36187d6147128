import CascadeCore
import Foundation
import Synchronization
import Testing

@testable import CascadeEval

/// What a search tries and what it recommends, with the real runner and log and an answerer that is played.
@Suite(.timeLimit(.minutes(1))) struct TunerTests {
    /// What one way to answer makes of every problem.
    private struct Quality: Sendable {
        /// Words, of ten, that are the expert's: the likeness is a tenth of it.
        var likeWords = 10
        /// How many of the problems' tests pass; nil where there are no tests.
        var passes: Int?
        /// Expert passes of an answer of ten tokens.
        var expertPasses: UInt64 = 10
    }

    /// Answers as it is told and keeps what it was asked for.
    private final class Answerer: EvalWorker {
        private let qualities: [String: Quality]
        private let heard = Mutex<[EvalTask]>([])

        init(_ qualities: [String: Quality]) { self.qualities = qualities }

        /// The tasks since the last call.
        func takeTasks() -> [EvalTask] {
            heard.withLock { heard in
                defer { heard = [] }
                return heard
            }
        }

        func answer(_ task: EvalTask) async throws -> EvalRecord {
            heard.withLock { $0.append(task) }
            let quality = qualities[task.setting.label] ?? Quality(likeWords: 0)
            return TunerTests.record(task, quality)
        }
    }

    private static let problems = ["a", "b", "c", "d"]

    /// The words of an answer: the first are the same for everybody, the others belong to nobody else.
    private static func record(_ task: EvalTask, _ quality: Quality) -> EvalRecord {
        let words = (0..<10).map { index in
            index < quality.likeWords
                ? "same\(index)"
                : "own\(index) \(task.setting.label) \(task.sample)".filter { $0.isLetter || $0.isNumber }
        }
        let report = JobReport(
            job: JobID(rawValue: 1),
            reason: .stop,
            error: nil,
            tokens: [Token](repeating: 1, count: 10),
            text: Array(words.joined(separator: " ").utf8),
            promptTokens: 1,
            sampling: task.setting.sampling,
            rule: task.setting.rule,
            seed: task.seed,
            draftLength: task.draftLength,
            drafterKind: task.drafterKind,
            draftMinimumConfidence: 0,
            counts: SpeculationCounts(expertRounds: quality.expertPasses, drafted: 8, kept: 4),
            queueMilliseconds: 0,
            firstTokenMilliseconds: 1,
            totalMilliseconds: 10
        )
        var record = EvalRecord(task, report: report, drafter: "small", expert: "big")
        if let passes = quality.passes, let index = problems.firstIndex(of: task.problem) {
            record.passed = index < passes
        }
        return record
    }

    /// Runs `body` with a tuner whose answers come from `answerer`, and its log.
    private func withTuner(
        _ answerer: Answerer,
        keep: Double,
        temperature: Double = 0,
        samples: Int = 1,
        _ body: (Tuner, ResultLog) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "tuner-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let log = try ResultLog(folder: folder)
        let tuner = Tuner(
            log: log,
            plan: EvalPlan(
                problems: Self.problems,
                settings: [],
                samples: samples,
                draftLength: .fixed(4),
                drafterKind: .model,
                maxTokens: 32,
                latencyProblems: 0
            ),
            temperature: temperature,
            keep: keep,
            note: { _ in },
            answer: { try await EvalRunner(log: log).run($0.tasks(.quality), workers: [answerer]) { _, _ in } }
        )
        try await body(tuner, log)
    }

    /// The labels of tasks in the order in which they came first.
    private func labels(_ tasks: [EvalTask]) -> [String] {
        tasks.map(\.setting.label).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    /// The row of a table that begins with a word, by columns.
    private func row(_ name: String, of table: String) -> [Substring]? {
        table.split(separator: "\n").map { $0.split(separator: " ") }.first { $0.first == name[...] }
    }

    /// Of seven knobs three are tried, and the loosest that keeps exactly what was asked is found.
    @Test func aLadderIsHalvedAndTheLoosestKnobFound() async throws {
        let words = [10, 9, 8, 7, 5, 4, 3]
        let ladder = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7]
        var qualities = ["expert-only": Quality()]
        for (alpha, words) in zip(ladder, words) { qualities["chow \(alpha)"] = Quality(likeWords: words) }
        let answerer = Answerer(qualities)
        try await withTuner(answerer, keep: 0.5) { tuner, _ in
            let result = try await tuner.search([(.chow, ladder)])
            let tasks = answerer.takeTasks()
            #expect(labels(tasks) == ["expert-only", "chow 0.3", "chow 0.5", "chow 0.4"])
            // Each knob once for each problem, and the expert once for the whole search.
            #expect(tasks.count == 4 * Self.problems.count)
            #expect(tasks.allSatisfy { $0.phase == .quality && $0.maxTokens == 32 && $0.drafterKind == .model })
            #expect(tasks.allSatisfy { $0.draftLength == .fixed($0.setting.kind == .expertOnly ? 0 : 4) })
            #expect(result.best?.method == "chow" && result.best?.alpha == 0.4)
            #expect(row("chow", of: result.table) == ["chow", "0.4", "0.500", "1.000", "0.500"], "\(result.table)")
            #expect(row("expert-only", of: result.table)?[1...2] == ["1.000", "1.000"], "\(result.table)")
        }
    }

    /// Of rules that keep the quality the one with the fewest expert passes wins, not the best, first or last one; one
    /// that does not keep it wins nothing, however few passes it takes.
    @Test func theFewestExpertPassesWin() async throws {
        let answerer = Answerer([
            "expert-only": Quality(),
            "chow 0.1": Quality(likeWords: 10, expertPasses: 7),
            "diff 0.1": Quality(likeWords: 8, expertPasses: 4),
            "opt 0.1": Quality(likeWords: 2, expertPasses: 1),
            "token-v3 0.1": Quality(likeWords: 9, expertPasses: 5),
        ])
        try await withTuner(answerer, keep: 0.75) { tuner, _ in
            let result = try await tuner.search(
                [.chow, .diff, .opt, .tokenV3].map { (rule: RuleSettings.Rule) in (rule, [0.1]) }
            )
            #expect(result.best?.label == "diff 0.1")
            #expect(result.best?.expertPasses == 0.4)
            #expect(row("opt", of: result.table) == ["opt", "none"], "\(result.table)")
            let names = result.table.split(separator: "\n").compactMap { $0.split(separator: " ").first }
            #expect(names == ["RULE", "expert-only", "chow", "diff", "opt", "token-v3"])
        }
    }

    /// Where problems have tests those count, beside the expert's own rate, and texts may be as unlike as they like.
    @Test func testsComeBeforeLikeness() async throws {
        let answerer = Answerer([
            "expert-only": Quality(passes: 2),
            "chow 0.1": Quality(likeWords: 0, passes: 1),
            "diff 0.1": Quality(likeWords: 10, passes: 0),
        ])
        try await withTuner(answerer, keep: 0.5) { tuner, _ in
            let result = try await tuner.search([(.chow, [0.1]), (.diff, [0.1])])
            #expect(result.best?.label == "chow 0.1")
            #expect(row("expert-only", of: result.table)?[1] == "0.500", "\(result.table)")
            #expect(row("chow", of: result.table)?[2] == "0.250", "\(result.table)")
            #expect(row("diff", of: result.table) == ["diff", "none"], "\(result.table)")
        }
    }

    /// With several samples no rule can be more like the expert than the expert is like itself.
    @Test func theExpertIsAsGoodAsItsSamplesAreAlike() async throws {
        let answerer = Answerer([
            "expert-only": Quality(likeWords: 5), "chow 0.1": Quality(likeWords: 3), "diff 0.1": Quality(likeWords: 2),
        ])
        try await withTuner(answerer, keep: 0.5, temperature: 0.8, samples: 2) { tuner, _ in
            let result = try await tuner.search([(.chow, [0.1]), (.diff, [0.1])])
            #expect(answerer.takeTasks().filter { $0.setting.kind == .expertOnly }.count == 2 * Self.problems.count)
            #expect(row("expert-only", of: result.table)?[1] == "0.500", "\(result.table)")
            // 0.3 of the expert's words are above half of 0.5, 0.2 are not.
            #expect(result.best?.label == "chow 0.1")
            #expect(row("diff", of: result.table) == ["diff", "none"], "\(result.table)")
        }
    }

    @Test func whereNothingKeepsTheQualityNothingWins() async throws {
        let answerer = Answerer(["expert-only": Quality(), "chow 0.1": Quality(likeWords: 9)])
        try await withTuner(answerer, keep: 1) { tuner, _ in
            let result = try await tuner.search([(.chow, [0.1, 0.2, 0.3])])
            #expect(result.best == nil)
            #expect(row("chow", of: result.table) == ["chow", "none"], "\(result.table)")
            // The middle one first, then the strictest: none is left.
            #expect(labels(answerer.takeTasks()) == ["expert-only", "chow 0.2", "chow 0.1"])
        }
    }

    /// An expert that solves nothing leaves nothing to keep, and no rule is tried.
    @Test func anExpertThatSolvesNothingEndsTheSearch() async throws {
        let answerer = Answerer(["expert-only": Quality(passes: 0), "chow 0.1": Quality(passes: 4)])
        try await withTuner(answerer, keep: 0.5) { tuner, _ in
            await #expect(throws: EvalError.self) { _ = try await tuner.search([(.chow, [0.1])]) }
            #expect(labels(answerer.takeTasks()) == ["expert-only"])
        }
    }

    /// A search goes on with the answers that are there; those to another question count for nothing.
    @Test func answersOfTheLogAreTakenWhereTheyFit() async throws {
        let answerer = Answerer([
            "expert-only": Quality(), "chow 0.1": Quality(likeWords: 9), "chow 0.2": Quality(likeWords: 2),
        ])
        try await withTuner(answerer, keep: 0.8) { tuner, log in
            // The loose knob did well where answers were shorter: often enough to outweigh the others in a mean.
            for maxTokens in 1...20 {
                let shorter = EvalPlan(
                    problems: Self.problems,
                    settings: [EvalSetting(.rule(.chow), alpha: 0.2, temperature: 0)],
                    samples: 1,
                    draftLength: .fixed(4),
                    drafterKind: .model,
                    maxTokens: maxTokens,
                    latencyProblems: 0
                )
                for task in shorter.tasks(.quality) { try log.append(Self.record(task, Quality())) }
            }
            let first = try await tuner.search([(.chow, [0.1, 0.2])])
            #expect(first.best?.label == "chow 0.1")
            #expect(labels(answerer.takeTasks()) == ["expert-only", "chow 0.1", "chow 0.2"])
            let second = try await tuner.search([(.chow, [0.1, 0.2])])
            #expect(second.table == first.table && second.best?.label == "chow 0.1")
            #expect(answerer.takeTasks().isEmpty)
        }
    }
}
