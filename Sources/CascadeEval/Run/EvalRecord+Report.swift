package import CascadeCore

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
