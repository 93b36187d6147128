/// What one setting of `cascade bench serve` measured over its turns. What could not be measured is null.
struct ServePoint: Encodable {
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
