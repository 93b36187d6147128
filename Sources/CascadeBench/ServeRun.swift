package import CascadeCore
package import CascadeHost
package import CascadeNode

/// Measures every setting several times, turn by turn, over one connection.
package struct ServeRun: Sendable {
    let load: ServeLoad
    let concurrency: [Int]
    let draftLengths: [DraftLength]
    private let requests: Int?
    private let seconds: Double?
    let turns: Int
    private let numWarmups: Int?
    private let note: @Sendable (String) -> Void

    /// Creates a run.
    ///
    /// - Parameters:
    ///   - requests: jobs of a setting in a turn; nil for a few times its concurrency.
    ///   - seconds: of a setting in a turn, instead of a number of jobs.
    ///   - turns: times that every setting is measured.
    ///   - numWarmups: jobs of each draft length before the first turn, at the largest concurrency, which are not
    ///     counted; nil for as many as that.
    ///   - note: takes a line for people about each turn.
    package init(
        load: ServeLoad,
        concurrency: [Int],
        draftLengths: [DraftLength],
        requests: Int?,
        seconds: Double?,
        turns: Int,
        numWarmups: Int?,
        note: @escaping @Sendable (String) -> Void
    ) {
        (self.load, self.concurrency, self.draftLengths) = (load, concurrency, draftLengths)
        (self.requests, self.seconds, self.turns) = (requests, seconds, turns)
        (self.numWarmups, self.note) = (numWarmups, note)
    }

    /// What was measured.
    package struct Result: Sendable {
        /// Whole turns, in order.
        var outcomes: [TurnOutcome] = []
        /// The cluster's nodes.
        var nodes: [NodeSummary] = []
        /// The coordinator's version.
        var coordinatorBuild = ""
        /// False after Ctrl-C.
        var isComplete = true
    }

    /// Runs until all is measured, or until Ctrl-C, which raises `interruption` and tells the client.
    package func run(client: ClusterClient, interruption: RaisedFlag) async throws(NodeError) -> Result {
        var result = Result()
        do throws(NodeError) {
            result.nodes = try await nodes(client)
            try await warmUp(client, interruption)
            for turn in 0..<turns {
                let order = ServeSetting.order(concurrency: concurrency, draftLengths: draftLengths, turn: turn)
                for setting in order {
                    if interruption.isRaised { throw .interrupted("interrupted") }
                    var generator = LoadGenerator(
                        client: client,
                        load: load,
                        setting: setting,
                        length: seconds.map { .seconds($0) } ?? .jobs(jobs(setting)),
                        turn: turn,
                        interruption: interruption
                    )
                    let outcome = try await generator.run()
                    if outcome.isInterrupted { throw .interrupted("interrupted") }
                    result.outcomes.append(outcome)
                    result.coordinatorBuild = outcome.statusAfter?.software ?? ""
                    note(summary(outcome, turn: turn))
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

    private func warmUp(_ client: ClusterClient, _ interruption: RaisedFlag) async throws(NodeError) {
        let count = concurrency.max() ?? 1
        let jobs = numWarmups ?? count
        guard jobs > 0 else { return }
        note("warming up")
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
            if try await generator.run().isInterrupted { throw .interrupted("interrupted") }
        }
    }

    private func summary(_ outcome: TurnOutcome, turn: Int) -> String {
        let rate = outcome.tokensPerSecond.map { decimalText($0, 1) } ?? "-"
        let failed = outcome.failures.isEmpty ? "" : ", \(outcome.failures.count) failed: \(outcome.failures[0])"
        return "turn \(turn + 1) of \(turns): \(outcome.setting.label): \(plural(outcome.jobs.count, "job")) in "
            + "\(decimalText(outcome.seconds, 1)) s, \(rate) tokens/s\(failed)"
    }

    /// The nodes of the pool; a pool that cannot answer is an error here rather than a queue that nobody serves.
    private func nodes(_ client: ClusterClient) async throws(NodeError) -> [NodeSummary] {
        let nodes = try await client.nodes(seconds: load.timeout)
            .filter { $0.pool == load.template.pool && $0.state == .ready }
        guard nodes.contains(where: { $0.role == .expert }) else {
            throw .failed(
                "pool \(load.template.pool) has no expert that is ready; see 'cascade nodes', start one with "
                    + "'cascade expert' or a whole cluster with 'cascade up'"
            )
        }
        return nodes
    }
}

/// What every job of a run has in common, and how many there are.
package struct ServeLoad: Sendable {
    /// How long a turn of a setting lasts.
    enum Length: Equatable {
        /// So many jobs.
        case jobs(Int)
        /// Jobs are begun for so many seconds.
        case seconds(Double)
    }

    /// The prompts, which jobs take in turn.
    let prompts: [String]
    /// A job's request without its prompt, draft length and numbers.
    package var template: Submit
    /// Key of the first job's random streams; the others' follow.
    var seed: UInt64
    /// Seconds without any answer from the coordinator after which to give up.
    var timeout: Double

    /// Creates the value from its parts.
    package init(prompts: [String], template: Submit, seed: UInt64, timeout: Double) {
        (self.prompts, self.template, self.seed, self.timeout) = (prompts, template, seed, timeout)
    }

    /// The request of a turn's job. Settings get the same prompts and seeds.
    func submit(job: Int, turn: Int, setting: ServeSetting) -> Submit {
        // Turns begin at different prompts; a large odd step keeps them apart in a long file.
        let index = job + turn * 7_919
        var submit = template
        submit.requestID = UInt64.random(in: 1...UInt64.max / 2)
        submit.submitKey = Hash128(high: .random(in: 0...UInt64.max), low: .random(in: 0...UInt64.max))
        submit.prompt = Array(prompts[index % prompts.count].utf8)
        submit.seed = seed &+ UInt64(index)
        submit.draftLength = setting.draftLength
        return submit
    }
}

/// One way to load the cluster that `cascade bench serve` measures.
struct ServeSetting: Hashable, Sendable {
    /// Jobs in flight.
    var concurrency: Int
    /// Tokens drafted per round.
    var draftLength: DraftLength

    /// For progress and errors.
    var label: String { "\(concurrency) in flight, k \(draftLength.text)" }

    /// All pairs of the two, concurrency by concurrency.
    static func all(concurrency: [Int], draftLengths: [DraftLength]) -> [ServeSetting] {
        concurrency.flatMap { count in draftLengths.map { ServeSetting(concurrency: count, draftLength: $0) } }
    }

    /// The order of a turn: draft lengths of one concurrency follow each other, and another one begins each turn, so
    /// that what the machine does meanwhile (and which of them finds its prompts in no cache yet) hits all alike.
    static func order(concurrency: [Int], draftLengths: [DraftLength], turn: Int) -> [ServeSetting] {
        let start = turn % max(1, draftLengths.count)
        return all(concurrency: concurrency, draftLengths: Array(draftLengths[start...] + draftLengths[..<start]))
    }
}
