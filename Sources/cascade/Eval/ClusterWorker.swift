internal import CascadeCore
internal import CascadeEval
internal import CascadeHost
internal import CascadeNode

/// Answers a run's tasks through a cluster, with a connection of its own.
struct ClusterWorker: EvalWorker {
    /// Whether an answer passes its problem's tests, and why not; nil where there are none.
    typealias Judge =
        @concurrent @Sendable (_ task: EvalTask, _ text: String) async throws -> (passed: Bool, failure: String?)?

    let client: ClusterClient
    let pool: String
    /// Seconds without any answer from the coordinator after which to give up.
    let timeout: Double
    /// The models of the cluster.
    let pair: EvalCluster.Pair
    /// What is asked, by the problem's name.
    let prompts: [String: String]
    let format: PromptFormat
    let judge: Judge
    /// Raised by Ctrl-C: no task is begun then.
    let interruption: RaisedFlag

    func answer(_ task: EvalTask) async throws -> EvalRecord {
        if interruption.isRaised { throw CommandFailure.interrupted }
        var follower = AnswerFollower(client: client, submit: submit(task), patience: timeout)
        let report: JobReport
        do {
            report = try await follower.run { _ in }
        } catch {
            throw interruption.isRaised ? .interrupted : CommandFailure(error)
        }
        if report.reason == .cancelled { throw CommandFailure.interrupted }
        if let error = report.error {
            throw CommandFailure(
                code: error.code.isRefusal ? 4 : 1,
                message: "\(task.problem), \(task.setting.label): \(error.message)"
            )
        }
        var record = EvalRecord(task, report: report, drafter: pair.drafter, expert: pair.expert)
        record.promptHash = EvalSource.hash(prompts[task.problem] ?? "", format)
        if let verdict = try await judge(task, record.text) {
            (record.passed, record.failure) = (verdict.passed, verdict.failure)
        }
        return record
    }

    private func submit(_ task: EvalTask) -> Submit {
        Submit(
            requestID: UInt64.random(in: 1...UInt64.max / 2),
            submitKey: Hash128(high: .random(in: 0...UInt64.max), low: .random(in: 0...UInt64.max)),
            pool: pool,
            prompt: Array((prompts[task.problem] ?? "").utf8),
            format: format,
            sampling: task.setting.sampling,
            rule: task.setting.rule,
            maxTokens: UInt32(task.maxTokens),
            seed: task.seed,
            draftLength: task.draftLength,
            drafterKind: task.setting.rule.rule.isSequential ? .model : task.drafterKind,
            follow: true
        )
    }
}
