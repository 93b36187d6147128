package import CascadeCore

/// One line of a run's `results.jsonl`: an answer and what became of it.
package struct EvalRecord: Codable, Sendable, Equatable {
    /// ``EvalTask/key``.
    package var key: String
    /// What the answer was measured for.
    package var phase: EvalTask.Phase
    /// The problem's name.
    package var problem: String
    /// The way to answer: a rule or a baseline.
    package var method: String
    /// The rule's knob; nil where it has none.
    package var alpha: Double?
    /// The softmax temperature; 0 is greedy.
    package var temperature: Double
    /// Which of the problem's samples, from 0.
    package var sample: Int
    /// The models of the cluster that answered.
    package var drafter: String
    package var expert: String
    /// The answer.
    package var text: String
    /// Tokens of the answer, an end token included.
    package var tokens: [UInt32]
    /// How it ended: `stop` or `length`.
    package var finishReason: String
    /// From acceptance to the end, without the time in the queue.
    package var milliseconds: Double
    /// From acceptance to the first token.
    package var firstTokenMilliseconds: Double?
    /// Rounds in which the expert scored something.
    package var expertPasses: UInt64
    /// Drafted tokens.
    package var drafted: UInt64
    /// Those of them that stood.
    package var accepted: UInt64
    /// Accepted, although the expert's own distribution would have said otherwise.
    package var relaxed: UInt64
    /// Whether the answer's tests passed; nil where there are none.
    package var passed: Bool?
    /// Why they did not.
    package var failure: String?
    /// The mean natural logarithm of the probability that the expert gives the answer's tokens, at temperature 1; nil
    /// where nobody asked.
    package var logLikelihood: Double?
    /// The model that gave it, as it was named.
    package var likelihoodModel: String?
    /// A hash of what was asked, and how: answers to another prompt of the same name are not this one's.
    package var promptHash: UInt64?
}

extension EvalRecord {
    /// The record of a task's answer, not judged yet; `drafter` and `expert` are the models that made it.
    package init(_ task: EvalTask, report: JobReport, drafter: String, expert: String) {
        self.init(
            key: task.key,
            phase: task.phase,
            problem: task.problem,
            method: task.setting.name,
            alpha: task.setting.alpha,
            temperature: task.setting.temperature,
            sample: task.sample,
            drafter: drafter,
            expert: expert,
            text: String(decoding: report.text, as: UTF8.self),
            tokens: report.tokens,
            finishReason: report.reason.name,
            milliseconds: report.totalMilliseconds - report.queueMilliseconds,
            firstTokenMilliseconds: report.firstTokenMilliseconds,
            expertPasses: report.counts.expertRounds,
            drafted: report.counts.drafted,
            accepted: report.counts.accepted,
            relaxed: report.counts.relaxed
        )
    }
}
