internal import CascadeCore
internal import CascadeEval
internal import Foundation

/// What a run asks, and how it judges the answers.
struct EvalSource {
    /// The problems' names in the order of their file.
    let names: [String]
    /// What is asked, by the problem's name.
    let prompts: [String: String]
    let format: PromptFormat
    let judge: ClusterWorker.Judge
    /// A line for the report's head.
    let note: String

    /// HumanEval's problems, judged by their tests.
    static func humanEval(_ problems: [HumanEvalProblem], name: String, unsafeExecution: Bool) async throws
        -> EvalSource
    {
        let isolation: Isolation
        do {
            isolation = try await unsafeExecution ? Isolation.unsafe() : Isolation.probe()
        } catch let error as ExecutionError {
            throw CommandFailure.failed("\(error)")
        }
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
                    throw CommandFailure.failed("\(task.problem): \(error)")
                }
            },
            note: "- \(name), tests isolated by \(isolation)"
        )
    }

    /// Prompts without tests.
    static func text(_ file: String, raw: Bool) throws -> EvalSource {
        let prompts = try PromptArgument.named(file)
        return EvalSource(
            names: prompts.map(\.name),
            prompts: Dictionary(uniqueKeysWithValues: prompts.map { ($0.name, $0.prompt) }),
            format: raw ? .raw : .automatic,
            judge: { _, _ in nil },
            note: "- \(prompts.count) prompts of \(file)"
        )
    }

    /// A hash of what is asked of a problem, and in which format.
    func promptHash(_ problem: String) -> UInt64 { Self.hash(prompts[problem] ?? "", format) }

    /// A hash of a prompt in a format.
    static func hash(_ prompt: String, _ format: PromptFormat) -> UInt64 {
        StableHash.of("\(format) \(prompt)") >> 11
    }
}
