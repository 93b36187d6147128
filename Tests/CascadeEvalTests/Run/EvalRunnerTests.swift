import CascadeCore
import Foundation
import Synchronization
import Testing

@testable import CascadeEval

struct EvalRunnerTests {
    /// Answers at once; fails at one problem.
    private final class Worker: EvalWorker {
        let asked = Mutex<[String]>([])
        let bad: String?

        init(bad: String? = nil) { self.bad = bad }

        func answer(_ task: EvalTask) async throws -> EvalRecord {
            asked.withLock { $0.append(task.key) }
            if task.problem == bad { throw EvalError("no") }
            var record = EvalRecord.make(task.setting.name, problem: task.problem)
            record.key = task.key
            return record
        }
    }

    private let tasks = EvalPlan(
        problems: (0..<20).map { "p\($0)" },
        settings: [EvalSetting(.expertOnly, temperature: 0)],
        samples: 1,
        draftLength: .fixed(4),
        drafterKind: .both,
        maxTokens: 8,
        latencyProblems: 0
    ).tasks(.quality)

    @Test func everyTaskIsAskedOnceAndARunGoesOnWhereItStopped() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "eval-runner-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let log = try ResultLog(folder: folder)
        let failing = [Worker(bad: "p7"), Worker(bad: "p7"), Worker(bad: "p7")]
        await #expect(throws: EvalError("no")) {
            try await EvalRunner(log: log).run(tasks, workers: failing) { _, _ in }
        }
        let kept = log.records.count
        // What was asked before the failure is kept, and nothing is asked long after it.
        #expect(kept == failing.reduce(0) { $0 + $1.asked.withLock(\.count) } - 1)
        let workers = [Worker(), Worker()]
        let last = Mutex(0)
        try await EvalRunner(log: log).run(tasks, workers: workers) { done, total in
            #expect(total == 20)
            last.withLock { $0 = max($0, done) }
        }
        #expect(workers.reduce(0) { $0 + $1.asked.withLock(\.count) } == 20 - kept)
        #expect(Set(log.records.map(\.key)) == Set(tasks.map(\.key)))
        #expect(last.withLock { $0 } == 20)
    }

    @Test func laddersAreClimbedByBisection() async throws {
        for count in 1...9 {
            for limit in 0...count {
                var tried = 0
                let steps = Array(0..<count)
                let found = try await LadderSearch.last(of: steps) { step in
                    tried += 1
                    return step < limit
                }
                #expect(found == (limit == 0 ? nil : limit - 1))
                #expect(tried <= 4)
            }
        }
    }
}
