internal import CascadeCore
internal import CascadeEval
internal import CascadeNode

/// Measures every setting several times, turn by turn, over one connection.
struct ServeRun {
    let load: ServeLoad
    let concurrency: [Int]
    let draftLengths: [DraftLength]
    /// Jobs of a setting in a turn; nil for a few times its concurrency.
    let requests: Int?
    /// Seconds of a setting in a turn, instead of a number of jobs.
    let seconds: Double?
    let turns: Int
    /// Jobs of each draft length before the first turn, at the largest concurrency; they are not counted.
    let numWarmups: Int?

    /// What was measured.
    struct Result {
        /// Whole turns, in order.
        var outcomes: [TurnOutcome] = []
        /// The cluster's nodes.
        var nodes: [NodeSummary] = []
        /// The coordinator's version.
        var coordinatorBuild = ""
        /// False after Ctrl-C.
        var isComplete = true
    }

    /// Runs until all is measured, or until Ctrl-C.
    func run(client: ClusterClient) async throws -> Result {
        let interruption = RaisedFlag()
        let interrupts = Interrupts {
            interruption.raise()
            client.inject(.interrupted)
        }
        defer { withExtendedLifetime(interrupts) {} }
        var result = Result()
        do {
            result.nodes = try await nodes(client)
            try await warmUp(client, interruption)
            for turn in 0..<turns {
                let order = ServeSetting.order(concurrency: concurrency, draftLengths: draftLengths, turn: turn)
                for setting in order {
                    if interruption.isRaised { throw CommandFailure.interrupted }
                    var generator = LoadGenerator(
                        client: client,
                        load: load,
                        setting: setting,
                        length: seconds.map { .seconds($0) } ?? .jobs(jobs(setting)),
                        turn: turn,
                        interruption: interruption
                    )
                    let outcome = try await generator.run()
                    if outcome.isInterrupted { throw CommandFailure.interrupted }
                    result.outcomes.append(outcome)
                    result.coordinatorBuild = outcome.statusAfter?.software ?? ""
                    note(outcome, turn: turn)
                }
            }
        } catch {
            guard interruption.isRaised else { throw error }
            result.isComplete = false
        }
        return result
    }

    private func jobs(_ setting: ServeSetting) -> Int {
        requests ?? max(4, 3 * setting.concurrency)
    }

    private func warmUp(_ client: ClusterClient, _ interruption: RaisedFlag) async throws {
        let count = concurrency.max() ?? 1
        let jobs = numWarmups ?? count
        guard jobs > 0 else { return }
        Output.note("warming up")
        var load = load
        load.template.maxTokens = min(load.template.maxTokens, 32)
        for length in draftLengths {
            var generator = LoadGenerator(
                client: client,
                load: load,
                setting: ServeSetting(concurrency: min(count, jobs), draftLength: length),
                length: .jobs(jobs),
                turn: 0,
                interruption: interruption
            )
            if try await generator.run().isInterrupted { throw CommandFailure.interrupted }
        }
    }

    private func note(_ outcome: TurnOutcome, turn: Int) {
        let rate = outcome.tokensPerSecond.map { SubmitSummary.fixed($0, 1) } ?? "-"
        let failed = outcome.failures.isEmpty ? "" : ", \(outcome.failures.count) failed: \(outcome.failures[0])"
        Output.note(
            "turn \(turn + 1) of \(turns): \(outcome.setting.label): \(plural(outcome.jobs.count, "job")) in "
                + "\(SubmitSummary.fixed(outcome.seconds, 1)) s, \(rate) tokens/s\(failed)"
        )
    }

    /// The nodes of the pool; a pool that cannot answer is an error here rather than a queue that nobody serves.
    private func nodes(_ client: ClusterClient) async throws -> [NodeSummary] {
        let nodes = try await NodesCommand.list(client, seconds: load.timeout)
            .filter { $0.pool == load.template.pool && $0.state == .ready }
        guard nodes.contains(where: { $0.role == .expert }) else {
            throw CommandFailure.failed(
                "pool \(load.template.pool) has no expert that is ready; see 'cascade nodes', start one with "
                    + "'cascade expert' or a whole cluster with 'cascade up'"
            )
        }
        return nodes
    }
}
