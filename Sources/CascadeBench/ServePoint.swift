internal import CascadeCore
internal import CascadeEval
internal import CascadeHost

/// What one setting of `cascade bench serve` measured over its turns. What could not be measured is null.
package struct ServePoint: Encodable {
    /// Jobs in flight.
    var concurrency: Int
    /// Tokens drafted per round: a number, or `adaptive`.
    var numSpeculativeTokens: String
    /// Jobs that ended well, and that did not.
    var requests: Int
    var failures: Int
    /// Tokens of the answers.
    var tokens: Int
    /// Medians over the turns, of the time in which all jobs were in flight.
    var jobsPerSecond: Nullable<Double>
    var tokensPerSecond: Nullable<Double>
    /// The same, turn by turn.
    var tokensPerSecondByTurn: [Double]
    /// Tokens per second over those without drafts in the same turn, median over the turns; null without such a
    /// setting.
    var ratioToNoDrafts: Nullable<Double>
    /// By the client's clock, over all jobs.
    var latencyMs: Latencies
    /// What became of drafts.
    var speculation: Speculation
    /// From a job's first token to its end, per round.
    var msPerRound: Nullable<Double>
    /// What the nodes were busy with.
    var nodes: [NodeUse]
    /// The same by the cores that they share.
    var hosts: [HostUse]
    /// What the coordinator used.
    var coordinator: CoordinatorUse
    /// What went over the wire.
    var wire: Wire
    /// Processor time of this client in cores: near 1 it was the bottleneck.
    var clientCpuCores: Nullable<Double>

    /// Percentiles in milliseconds.
    struct Percentiles: Encodable {
        var p50: Nullable<Double>
        var p90: Nullable<Double>
        var p99: Nullable<Double>
    }

    /// Latencies of jobs.
    struct Latencies: Encodable {
        /// From sending to the first token.
        var firstToken: Percentiles
        /// Between deltas, divided by their tokens.
        var betweenTokens: Percentiles
        /// From sending to the end.
        var whole: Percentiles
    }

    /// What became of drafts.
    struct Speculation: Encodable {
        var rounds: UInt64
        var drafted: UInt64
        var accepted: UInt64
        /// Accepted of drafted.
        var draftAcceptanceRate: Nullable<Double>
        /// Accepted of those that were judged: without what stood behind a rejected token.
        var judgedAcceptanceRate: Nullable<Double>
        /// Tokens per round with a draft.
        var meanAcceptanceLength: Nullable<Double>
        /// Share of the answers' tokens that lookup copied.
        var copiedShare: Nullable<Double>
    }

    /// What one node was busy with, between two of its reports.
    struct NodeUse: Encodable {
        var nodeId: String
        var role: String
        var host: String
        /// Share of the time that it spent in passes.
        var busyFraction: Double
        /// Processor time over time.
        var cpuCores: Double
        /// Tokens of prompts that its cache had already.
        var prefixCacheHitTokens: UInt64
    }

    /// What the nodes of one host used.
    struct HostUse: Encodable {
        var host: String
        /// Cores that its nodes may use; null where the name does not say.
        var cores: Nullable<Int>
        var cpuCores: Double
    }

    /// What the coordinator used, over whole turns.
    struct CoordinatorUse: Encodable {
        var roundsPerSecond: Nullable<Double>
        var cpuMsPerRound: Nullable<Double>
        /// Processor time over time: 1 is one core.
        var cpuShareOfWall: Nullable<Double>
    }

    /// Bytes of message frames at the coordinator's socket.
    struct Wire: Encodable {
        /// Of the messages between coordinator and nodes, both directions.
        var bytesPerRound: Nullable<Double>
        var bytesPerToken: Nullable<Double>
        var bytesPerDraftedPosition: Nullable<Double>
        /// Of the messages between coordinator and clients.
        var clientBytesPerToken: Nullable<Double>
        /// Messages per round by kind.
        var messages: [Kind]

        /// One kind of message.
        struct Kind: Encodable {
            var message: String
            var perRound: Double
            var bytesEach: Double
        }
    }
}

extension ServePoint {
    /// Sums up the turns of one setting.
    ///
    /// - Parameter baselines: tokens per second without drafts at the same concurrency, by turn; nil where that was not
    ///   measured.
    init(_ setting: ServeSetting, turns: [TurnOutcome], baselines: [Double?]) {
        let jobs = turns.flatMap(\.jobs)
        concurrency = setting.concurrency
        numSpeculativeTokens = setting.draftLength.text
        requests = jobs.count
        failures = turns.reduce(0) { $0 + $1.failures.count }
        tokens = jobs.reduce(0) { $0 + $1.report.tokens.count }
        jobsPerSecond = Nullable(Percentile.median(turns.compactMap(\.jobsPerSecond)))
        tokensPerSecondByTurn = turns.compactMap(\.tokensPerSecond)
        tokensPerSecond = Nullable(Percentile.median(tokensPerSecondByTurn))
        let ratios = zip(turns, baselines).compactMap { turn, baseline -> Double? in
            guard let own = turn.tokensPerSecond, let baseline else { return nil }
            return own / baseline
        }
        ratioToNoDrafts = Nullable(Percentile.median(ratios))
        latencyMs = Latencies(
            firstToken: Percentiles(jobs.compactMap(\.trace.firstTokenMilliseconds)),
            betweenTokens: Percentiles(jobs.flatMap(\.trace.betweenTokensMilliseconds)),
            whole: Percentiles(jobs.map(\.milliseconds))
        )
        speculation = Speculation(jobs.map(\.report))
        msPerRound = Nullable(Self.millisecondsPerRound(jobs))
        nodes = NodeUse.all(turns)
        hosts = HostUse.all(nodes)
        coordinator = CoordinatorUse(turns)
        wire = Wire(turns, tokens: tokens, drafted: speculation.drafted)
        let seconds = turns.reduce(0) { $0 + $1.seconds }
        let processor = turns.reduce(0) { $0 + $1.clientMilliseconds } / 1_000
        clientCpuCores = Nullable(seconds > 0 ? processor / seconds : nil)
    }

    /// Without the first round, which has the prompt in it.
    private static func millisecondsPerRound(_ jobs: [TurnOutcome.Job]) -> Double? {
        var milliseconds = 0.0
        var rounds = 0.0
        for job in jobs where job.report.counts.rounds > 1 {
            guard let first = job.trace.firstTokenMilliseconds else { continue }
            milliseconds += job.milliseconds - first
            rounds += Double(job.report.counts.rounds - 1)
        }
        return rounds > 0 ? milliseconds / rounds : nil
    }
}

extension ServePoint.Percentiles {
    /// The percentiles of values in milliseconds.
    init(_ values: [Double]) {
        // Sorted once: there may be a value for each round.
        let sorted = values.sorted()
        p50 = Nullable(Percentile.value(sorted, at: 0.5))
        p90 = Nullable(Percentile.value(sorted, at: 0.9))
        p99 = Nullable(Percentile.value(sorted, at: 0.99))
    }
}

extension ServePoint.Speculation {
    /// The sum over jobs.
    init(_ reports: [JobReport]) {
        func sum(_ key: (SpeculationCounts) -> UInt64) -> UInt64 { reports.reduce(0) { $0 + key($1.counts) } }
        rounds = sum(\.rounds)
        drafted = sum(\.drafted)
        accepted = sum(\.accepted)
        draftAcceptanceRate = Nullable(drafted > 0 ? Double(accepted) / Double(drafted) : nil)
        let judged = accepted + sum(\.recovered)
        judgedAcceptanceRate = Nullable(judged > 0 ? Double(accepted) / Double(judged) : nil)
        let draftedRounds = sum(\.draftedRounds)
        meanAcceptanceLength = Nullable(draftedRounds > 0 ? 1 + Double(accepted) / Double(draftedRounds) : nil)
        let tokens = reports.reduce(0) { $0 + $1.tokens.count }
        copiedShare = Nullable(tokens > 0 ? Double(sum(\.lookupAccepted)) / Double(tokens) : nil)
    }
}

extension ServePoint.NodeUse {
    /// What each node did between its two reports of a turn, over all turns in which there are both.
    static func all(_ turns: [TurnOutcome]) -> [Self] {
        struct Sum {
            var summary: NodeSummary
            var busy = 0.0
            var processor = 0.0
            var time = 0.0
            var hits: UInt64 = 0
        }
        var sums: [NodeIdentity: Sum] = [:]
        for turn in turns {
            for after in turn.nodesAfter {
                guard let before = turn.nodesBefore.first(where: { $0.identity == after.identity }),
                    after.progress.uptimeMilliseconds > before.progress.uptimeMilliseconds
                else { continue }
                func difference(_ key: (Progress) -> UInt64) -> UInt64 {
                    let (now, then) = (key(after.progress), key(before.progress))
                    return now > then ? now - then : 0
                }
                sums[after.identity, default: Sum(summary: after)].busy += Double(difference(\.busyMilliseconds))
                sums[after.identity]?.processor += Double(difference(\.cpuMilliseconds))
                sums[after.identity]?.time += Double(difference(\.uptimeMilliseconds))
                sums[after.identity]?.hits += difference(\.prefixCacheHitTokens)
            }
        }
        return sums.values.map { sum in
            Self(
                nodeId: sum.summary.identity.name,
                role: sum.summary.role.rawValue,
                host: sum.summary.host,
                // A pass counts when it ends: one that began before the first report may make this more than 1.
                busyFraction: min(1, sum.busy / sum.time),
                cpuCores: sum.processor / sum.time,
                prefixCacheHitTokens: sum.hits
            )
        }.sorted { ($0.role, $0.nodeId) < ($1.role, $1.nodeId) }
    }
}

extension ServePoint.HostUse {
    /// The nodes' sum by host.
    static func all(_ nodes: [ServePoint.NodeUse]) -> [Self] {
        Set(nodes.map(\.host)).sorted().map { host in
            Self(
                host: host,
                cores: Nullable(cores(in: host)),
                cpuCores: nodes.filter { $0.host == host }.reduce(0) { $0 + $1.cpuCores }
            )
        }
    }

    /// How many cores a host's name lists behind its slash, e.g. 3 in `…/0-1,4`.
    static func cores(in host: String) -> Int? {
        guard let list = host.split(separator: "/", omittingEmptySubsequences: false).dropFirst().last else {
            return nil
        }
        var count = 0
        for part in list.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0).map(Int.init) }
            guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1], last >= first
            else {
                return nil
            }
            count += last - first + 1
        }
        return count
    }
}

extension ServePoint.CoordinatorUse {
    /// From status to status of each turn.
    init(_ turns: [TurnOutcome]) {
        var rounds = 0.0
        var processor = 0.0
        var wall = 0.0
        for turn in turns {
            guard let before = turn.statusBefore, let after = turn.statusAfter, before.boot == after.boot,
                let first = before.cpuMilliseconds, let last = after.cpuMilliseconds
            else { continue }
            rounds += Double(after.counts.rounds - before.counts.rounds)
            processor += last - first
            wall += turn.seconds
        }
        roundsPerSecond = Nullable(wall > 0 ? rounds / wall : nil)
        cpuMsPerRound = Nullable(rounds > 0 ? processor / rounds : nil)
        cpuShareOfWall = Nullable(wall > 0 ? processor / 1_000 / wall : nil)
    }
}

extension ServePoint.Wire {
    /// Messages of rounds, between coordinator and nodes.
    private static let roundMessages: Set<String> = [
        "draft", "drafted", "verify", "verified", "missing", "failed", "release",
    ]
    /// Messages between coordinator and clients.
    private static let clientMessages: Set<String> = ["submit", "accepted", "watch", "cancel", "delta", "finished"]

    /// What the coordinator counted from status to status of each turn.
    ///
    /// - Parameters:
    ///   - tokens: committed tokens of the turns.
    ///   - drafted: drafted tokens of the turns.
    init(_ turns: [TurnOutcome], tokens: Int, drafted: UInt64) {
        var rounds = 0.0
        var kinds: [String: (messages: UInt64, bytes: UInt64)] = [:]
        for turn in turns {
            guard let before = turn.statusBefore, let after = turn.statusAfter, before.boot == after.boot else {
                continue
            }
            rounds += Double(after.counts.rounds - before.counts.rounds)
            for kind in after.traffic {
                let old = before.traffic.first { $0.message == kind.message } ?? MessageTraffic(message: kind.message)
                let messages = kind.sentMessages + kind.receivedMessages - old.sentMessages - old.receivedMessages
                let bytes = kind.sentBytes + kind.receivedBytes - old.sentBytes - old.receivedBytes
                kinds[kind.message, default: (0, 0)].messages += messages
                kinds[kind.message]?.bytes += bytes
            }
        }
        func bytes(_ names: Set<String>) -> Double {
            kinds.reduce(0) { names.contains($1.key) ? $0 + Double($1.value.bytes) : $0 }
        }
        let ofRounds = bytes(Self.roundMessages)
        bytesPerRound = Nullable(rounds > 0 ? ofRounds / rounds : nil)
        bytesPerToken = Nullable(tokens > 0 && rounds > 0 ? ofRounds / Double(tokens) : nil)
        bytesPerDraftedPosition = Nullable(drafted > 0 && rounds > 0 ? ofRounds / Double(drafted) : nil)
        clientBytesPerToken = Nullable(tokens > 0 && rounds > 0 ? bytes(Self.clientMessages) / Double(tokens) : nil)
        messages = kinds.filter { $0.value.messages > 0 && rounds > 0 }.map { name, sum in
            Kind(
                message: name,
                perRound: Double(sum.messages) / rounds,
                bytesEach: Double(sum.bytes) / Double(sum.messages)
            )
        }.sorted { $0.message < $1.message }
    }
}
