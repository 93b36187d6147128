internal import CascadeCore
internal import CascadeEval
internal import Foundation

/// Gets the answers of plans from a cluster.
struct EvalRun {
    let source: EvalSource
    let cluster: SubmitClusterOptions
    /// Jobs in flight while quality is measured.
    let concurrency: Int

    /// Gets the answers of `plan` that `log` has not.
    func answer(_ plan: EvalPlan, into log: ResultLog) async throws {
        if let other = log.records.first(where: { record in
            guard let hash = record.promptHash, source.prompts[record.problem] != nil else { return false }
            return hash != source.promptHash(record.problem)
        }) {
            throw EvalError(
                "\(log.file.path) has answers to another prompt called \(other.problem): name another folder with --out"
            )
        }
        guard EvalTask.Phase.allCases.flatMap(plan.tasks).contains(where: { !log.has($0.key) }) else { return }
        try await EvalCluster.with(cluster, connections: concurrency) { cluster in
            try Self.check(log, cluster.pair)
            for phase in EvalTask.Phase.allCases {
                // Tests are run once: what is timed has the machine for itself.
                let untested: ClusterWorker.Judge = { _, _ in nil }
                let workers = cluster.workers(
                    phase == .quality ? concurrency : 1,
                    prompts: source.prompts,
                    format: source.format,
                    judge: phase == .quality ? source.judge : untested
                )
                let progress = EvalProgress(phase.rawValue)
                defer { progress.finish() }
                try await EvalRunner(log: log).run(plan.tasks(phase), workers: workers) { done, total in
                    progress.show(done: done, total: total)
                }
            }
        }
    }

    /// Answers of two pairs of models are no run.
    private static func check(_ log: ResultLog, _ pair: EvalCluster.Pair) throws {
        guard let other = log.records.first(where: { $0.drafter != pair.drafter || $0.expert != pair.expert }) else {
            return
        }
        throw EvalError(
            "\(log.file.path) has answers of \(other.expert) with drafter \(other.drafter), and this cluster has "
                + "\(pair.expert) with \(pair.drafter): name another folder with --out"
        )
    }
}
