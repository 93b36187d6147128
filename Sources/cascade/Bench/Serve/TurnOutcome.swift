internal import CascadeCore

/// What one turn of one setting measured. Times are of the client's monotonic clock.
struct TurnOutcome {
    /// A job that ended well.
    struct Job {
        var trace: JobTrace
        /// From sending to the end.
        var milliseconds: Double
        var report: JobReport
    }

    /// The setting.
    var setting: ServeSetting
    /// Jobs that ended well.
    var jobs: [Job] = []
    /// Why the others did not.
    var failures: [String] = []
    /// Seconds in which all jobs of the concurrency were in flight, from the first one on.
    var fullSeconds = 0.0
    /// Tokens that arrived in these seconds.
    var fullTokens = 0
    /// Jobs that ended in these seconds.
    var fullJobs = 0
    /// Seconds from the first job's start to the last one's end.
    var seconds = 0.0
    /// Processor time of this client in these seconds.
    var clientMilliseconds = 0.0
    /// The coordinator before and after the turn, when nothing was in flight.
    var statusBefore: ClusterStatus?
    var statusAfter: ClusterStatus?
    /// The nodes at the beginning and at the end of the full seconds: their last reports, which are up to a second old.
    var nodesBefore: [NodeSummary] = []
    var nodesAfter: [NodeSummary] = []
    /// Whether Ctrl-C cut the turn short: it is not counted then.
    var isInterrupted = false

    /// Tokens per second while all were in flight; nil where that was never so.
    var tokensPerSecond: Double? { fullSeconds > 0 && fullTokens > 0 ? Double(fullTokens) / fullSeconds : nil }

    /// Jobs per second while all were in flight; nil where none ended.
    var jobsPerSecond: Double? { fullSeconds > 0 && fullJobs > 0 ? Double(fullJobs) / fullSeconds : nil }
}
