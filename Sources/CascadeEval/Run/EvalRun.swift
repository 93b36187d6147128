internal import CascadeCore
internal import CascadeHost
package import CascadeNode
internal import Foundation

/// Gets the answers of plans from a cluster.
package struct EvalRun: Sendable {
    private let source: EvalSource
    private let log: ResultLog
    /// Jobs in flight while quality is measured.
    package let concurrency: Int

    /// A run whose answers go to a log.
    ///
    /// - Throws: ``EvalError`` where the log has answers to other prompts.
    package init(source: EvalSource, log: ResultLog, concurrency: Int) throws(EvalError) {
        (self.source, self.log, self.concurrency) = (source, log, concurrency)
        let other = log.records.first { record in
            guard let hash = record.promptHash, source.prompts[record.problem] != nil else { return false }
            return hash != source.promptHash(record.problem)
        }
        guard let other else { return }
        throw EvalError(
            "\(log.file.path) has answers to another prompt called \(other.problem): name another folder with --out"
        )
    }

    /// Whether the log lacks answers of a plan.
    package func lacks(_ plan: EvalPlan) -> Bool {
        EvalTask.Phase.allCases.flatMap(plan.tasks).contains { !log.has($0.key) }
    }

    /// Gets the answers of one phase of a plan that the log has not. `progress` is told the answers that are there.
    package func answer(
        _ plan: EvalPlan,
        _ phase: EvalTask.Phase,
        from cluster: EvalCluster,
        progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void
    ) async throws {
        try check(cluster.pair)
        // Tests are run once: what is timed has the machine for itself.
        let untested: EvalSource.Judge = { _, _ in nil }
        let isTested = phase == .quality
        let workers = cluster.clients.prefix(isTested ? concurrency : 1).map {
            ClusterWorker(client: $0, cluster: cluster, source: source, judge: isTested ? source.judge : untested)
        }
        try await EvalRunner(log: log).run(plan.tasks(phase), workers: workers, progress: progress)
    }

    /// Answers of two pairs of models are no run.
    private func check(_ pair: EvalCluster.Pair) throws(EvalError) {
        guard let other = log.records.first(where: { $0.drafter != pair.drafter || $0.expert != pair.expert }) else {
            return
        }
        throw EvalError(
            "\(log.file.path) has answers of \(other.expert) with drafter \(other.drafter), and this cluster has "
                + "\(pair.expert) with \(pair.drafter): name another folder with --out"
        )
    }
}

/// A run's way to its cluster: connections for the jobs in flight.
package struct EvalCluster: Sendable {
    /// The models that answer.
    struct Pair: Sendable {
        var drafter: String
        var expert: String
    }

    /// The cluster's models.
    let pair: Pair
    let clients: [ClusterClient]
    let pool: String
    /// Seconds without any answer from the coordinator after which to give up.
    let timeout: Double
    /// Raised by ``interrupt()``: no task is begun then.
    let interruption = RaisedFlag()

    /// Connects as a first client has done; throws where the pool lacks a drafter or an expert.
    package init(_ first: ClusterClient, pool: String, timeout: Double, connections: Int) async throws(NodeError) {
        (self.pool, self.timeout) = (pool, timeout)
        let nodes = try await first.nodes(seconds: timeout)
        func model(_ role: NodeRole) throws(NodeError) -> String {
            let ready = nodes.filter { $0.pool == pool && $0.role == role && $0.state == .ready }
            guard let node = ready.first else {
                throw .failed(
                    "pool \(pool) has no \(role.rawValue) that is ready; see 'cascade nodes', start one with "
                        + "'cascade \(role.rawValue)' or a whole cluster with 'cascade up'"
                )
            }
            return node.modelName
        }
        pair = Pair(drafter: try model(.drafter), expert: try model(.expert))
        var clients = [first]
        for _ in 1..<max(2, connections) {
            clients.append(try ClusterClient(endpoint: first.endpoint, key: first.key))
        }
        self.clients = clients
    }

    /// Cancels the jobs in flight.
    package func interrupt() {
        interruption.raise()
        for client in clients { client.inject(.interrupted) }
    }

    /// Closes all connections but the first.
    package func close() async { for client in clients.dropFirst() { await client.close() } }
}

/// Answers a run's tasks through a cluster, with a connection of its own.
private struct ClusterWorker: EvalWorker {
    let client: ClusterClient
    let cluster: EvalCluster
    let source: EvalSource
    let judge: EvalSource.Judge

    func answer(_ task: EvalTask) async throws -> EvalRecord {
        let interrupted = NodeError.interrupted("interrupted")
        if cluster.interruption.isRaised { throw interrupted }
        var follower = AnswerFollower(client: client, submit: submit(task), patience: cluster.timeout)
        let report: JobReport
        do throws(NodeError) {
            report = try await follower.run { _ in }
        } catch {
            throw cluster.interruption.isRaised ? interrupted : error
        }
        if report.reason == .cancelled { throw interrupted }
        if let error = report.error {
            let message = "\(task.problem), \(task.setting.label): \(error.message)"
            throw error.code.isRefusal ? NodeError.refused(message) : .failed(message)
        }
        var record = EvalRecord(task, report: report, drafter: cluster.pair.drafter, expert: cluster.pair.expert)
        record.promptHash = source.promptHash(task.problem)
        if let verdict = try await judge(task, record.text) {
            (record.passed, record.failure) = (verdict.passed, verdict.failure)
        }
        return record
    }

    private func submit(_ task: EvalTask) -> Submit {
        Submit(
            requestID: UInt64.random(in: 1...UInt64.max / 2),
            submitKey: Hash128(high: .random(in: 0...UInt64.max), low: .random(in: 0...UInt64.max)),
            pool: cluster.pool,
            prompt: Array((source.prompts[task.problem] ?? "").utf8),
            format: source.format,
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
