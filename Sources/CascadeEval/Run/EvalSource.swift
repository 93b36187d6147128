package import CascadeCore
internal import CascadeNode
internal import Foundation

/// What a run asks, and how it judges the answers.
package struct EvalSource: Sendable {
    /// Whether an answer passes its problem's tests, and why not; nil where there are none.
    package typealias Judge =
        @concurrent @Sendable (_ task: EvalTask, _ text: String) async throws -> (passed: Bool, failure: String?)?

    /// The problems' names in the order of their file.
    package let names: [String]
    /// What is asked, by the problem's name.
    package let prompts: [String: String]
    package let format: PromptFormat
    package let judge: Judge
    /// A line for the report's head.
    package let note: String

    /// HumanEval's problems, judged by their tests.
    ///
    /// - Throws: where the tests cannot be isolated as wanted.
    package static func humanEval(
        _ problems: [HumanEvalProblem],
        name: String,
        unsafeExecution: Bool
    ) async throws -> EvalSource {
        let isolation = try await unsafeExecution ? Isolation.unsafe() : Isolation.probe()
        let runner = ProgramRunner(isolation: isolation)
        let byName = Dictionary(uniqueKeysWithValues: problems.map { ($0.taskID, $0) })
        return EvalSource(
            names: problems.map(\.taskID),
            prompts: byName.mapValues(CodeAnswer.question),
            format: .automatic,
            judge: { task, text in
                guard let problem = byName[task.problem] else { return nil }
                do {
                    switch try await runner.run(CodeAnswer.program(problem: problem, answer: text)) {
                    case .passed: return (true, nil)
                    case .failed(let reason): return (false, reason)
                    case .timedOut: return (false, "out of time")
                    }
                } catch let error as ExecutionError {
                    throw NodeError.failed("\(task.problem): \(error)")
                }
            },
            note: "- \(name), tests isolated by \(isolation)"
        )
    }

    /// Prompts without tests.
    package static func text(_ prompts: [NamedPrompt], file: String, raw: Bool) -> EvalSource {
        EvalSource(
            names: prompts.map(\.name),
            prompts: Dictionary(uniqueKeysWithValues: prompts.map { ($0.name, $0.prompt) }),
            format: raw ? .raw : .automatic,
            judge: { _, _ in nil },
            note: "- \(prompts.count) prompts of \(file)"
        )
    }

    /// A hash of what is asked of a problem, and in which format.
    func promptHash(_ problem: String) -> UInt64 {
        StableHash.of("\(format) \(prompts[problem] ?? "")") >> 11
    }
}
