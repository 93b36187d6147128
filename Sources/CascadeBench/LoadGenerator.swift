internal import CascadeClient
internal import CascadeCore
internal import CascadeHost
internal import CascadeNode

/// Keeps a number of jobs in flight over one connection and takes their times: whenever one ends, the next one begins.
///
/// One loop serves all jobs, so that it costs the same whatever their number; ``TurnOutcome/clientMilliseconds`` tells
/// whether it was the bottleneck.
struct LoadGenerator {
    /// Failures without a success after which a turn is given up.
    private static let hopelessFailures = 100

    private let client: ClusterClient
    private let load: ServeLoad
    /// Raised by Ctrl-C.
    private let interruption: RaisedFlag

    private var outcome: TurnOutcome
    private var length: ServeLoad.Length
    private let turn: Int
    private var followers = JobFollowers()
    /// What was seen of the jobs in flight, by the number of the request that submitted each.
    private var traces: [UInt64: JobTrace] = [:]
    private var begun = 0
    private var started: Instant
    private var lastHeard: Instant
    /// Whether all jobs are in flight and further ones are begun.
    private var isFull = true
    private var isCancelling = false
    /// Numbers of the requests for the node table at the beginning and at the end of the full time.
    private var nodesRequests: (before: UInt64?, after: UInt64?)

    /// A turn of a setting.
    init(
        client: ClusterClient,
        load: ServeLoad,
        setting: ServeSetting,
        length: ServeLoad.Length,
        turn: Int,
        interruption: RaisedFlag
    ) {
        (self.client, self.load, self.length) = (client, load, length)
        (self.turn, self.interruption) = (turn, interruption)
        outcome = TurnOutcome(setting: setting)
        started = MonotonicClock.now()
        lastHeard = started
    }

    /// Runs the turn. Ctrl-C cancels the jobs in flight and ends it, which the outcome says. Throws when the
    /// coordinator does not answer any more.
    mutating func run() async throws(NodeError) -> TurnOutcome {
        outcome.statusBefore = try await status()
        let processorTime = ProcessorTime.milliseconds()
        started = MonotonicClock.now()
        lastHeard = started
        for _ in 0..<outcome.setting.concurrency { begin(at: started) }
        for await event in client.events {
            let now = MonotonicClock.now()
            switch event {
            case .message(let message):
                lastHeard = now
                take(message, at: now)
            case .tick: try tick(at: now)
            case .connected:
                perform(followers.handle(.connected, at: now), at: now)
                if nodesRequests.after != nil { nodesRequests.after = askForNodes() }
            case .interrupted: cancel(at: now)
            case .locked(let message): throw .refused(message)
            case .disconnected: perform(followers.handle(.disconnected, at: now), at: now)
            case .unreadable: break
            }
            if case .seconds(let seconds) = length, now.milliseconds(since: started) >= seconds * 1_000 {
                endFullTime(at: now)
            }
            if followers.isEmpty, !isFull, nodesRequests.after == nil || isCancelling { break }
        }
        outcome.clientMilliseconds = ProcessorTime.milliseconds() - processorTime
        outcome.isInterrupted = isCancelling || interruption.isRaised
        if !outcome.isInterrupted { outcome.statusAfter = try await status() }
        return outcome
    }

    private func status() async throws(NodeError) -> ClusterStatus {
        let request = StatusRequest(requestID: UInt64.random(in: 1...UInt64.max / 2))
        return try await client.request(.statusRequest(request), seconds: load.timeout) { message in
            if case .clusterStatus(let status) = message, status.requestID == request.requestID { status } else { nil }
        }
    }

    // MARK: Jobs

    private mutating func begin(at now: Instant) {
        guard isFull else { return }
        if case .jobs(let count) = length, begun >= count { return endFullTime(at: now) }
        let submit = load.submit(job: begun, turn: turn, setting: outcome.setting)
        begun += 1
        traces[submit.requestID] = JobTrace(started: now)
        perform(followers.submit(submit, patience: load.timeout, at: now), at: now)
    }

    private mutating func end(_ id: UInt64, at now: Instant) {
        guard traces.removeValue(forKey: id) != nil else { return }
        outcome.seconds = now.milliseconds(since: started) / 1_000
        begin(at: now)
    }

    /// From here on no job is begun, and fewer and fewer are in flight: rates are not counted any more.
    private mutating func endFullTime(at now: Instant) {
        guard isFull else { return }
        isFull = false
        outcome.fullSeconds = now.milliseconds(since: started) / 1_000
        if !outcome.nodesBefore.isEmpty { nodesRequests.after = askForNodes() }
    }

    private func askForNodes() -> UInt64 {
        let request = NodesRequest(requestID: UInt64.random(in: 1...UInt64.max / 2))
        client.send(.nodesRequest(request))
        return request.requestID
    }

    // MARK: Messages

    private mutating func take(_ message: Message, at now: Instant) {
        perform(followers.handle(.message(message), at: now), at: now)
        guard case .nodeList(let list) = message else { return }
        let nodes = list.nodes.filter { $0.pool == load.template.pool }
        if list.requestID == nodesRequests.before { outcome.nodesBefore = nodes }
        if list.requestID == nodesRequests.after {
            outcome.nodesAfter = nodes
            nodesRequests.after = nil
        }
    }

    private mutating func perform(_ steps: [JobFollowers.Step], at now: Instant) {
        for step in steps { perform(step.action, step.id, at: now) }
    }

    private mutating func perform(_ action: JobFollower.Action, _ id: UInt64, at now: Instant) {
        switch action {
        case .send(let message): client.send(message)
        case .stream(let part): count(id, part.tokens.count, at: now)
        case .end(.report(let report)): take(report, of: id, at: now)
        case .end(.refused(let refused)):
            outcome.failures.append(refused.message)
            end(id, at: now)
        // The coordinator's silence is everybody's: see ``tick(at:)``.
        case .end, .accepted, .waiting, .reading, .unreachable, .reachable: break
        }
    }

    private mutating func take(_ report: JobReport, of id: UInt64, at now: Instant) {
        guard let trace = traces[id] else { return }
        if let error = report.error {
            outcome.failures.append(error.message)
        } else if report.reason != .cancelled {
            outcome.jobs.append(
                TurnOutcome.Job(trace: trace, milliseconds: now.milliseconds(since: trace.started), report: report)
            )
            if isFull { outcome.fullJobs += 1 }
        } else if !isCancelling {
            outcome.failures.append("somebody cancelled job \(report.job)")
        }
        end(id, at: now)
    }

    private mutating func count(_ id: UInt64, _ new: Int, at now: Instant) {
        let total = (traces[id]?.tokens ?? 0) + new
        traces[id]?.receive(total: total, at: now)
        if isFull { outcome.fullTokens += new }
    }

    // MARK: Time

    private mutating func tick(at now: Instant) throws(NodeError) {
        // Not at once: nodes report once a second, and the first report shall not tell of the time before the turn.
        if nodesRequests.before == nil, isFull, now.milliseconds(since: started) > 1_100 {
            nodesRequests.before = askForNodes()
        }
        perform(followers.handle(.tick, at: now), at: now)
        if outcome.jobs.isEmpty, outcome.failures.count >= Self.hopelessFailures {
            throw .failed(
                """
                \(plural(outcome.failures.count, "job")) failed and none ended well; the last: \
                \(outcome.failures.last ?? "")
                """
            )
        }
        let silence = now.milliseconds(since: lastHeard) / 1_000
        if isCancelling, silence > 3 { throw .failed("interrupted; the coordinator did not confirm the cancellation") }
        guard silence > load.timeout else { return }
        let time = decimalText(silence, 1)
        throw .unreachable("the coordinator at \(client.endpoint) has been silent for \(time) s")
    }

    private mutating func cancel(at now: Instant) {
        isCancelling = true
        endFullTime(at: now)
        for id in Array(followers.ids) { perform(followers.cancel(id, at: now), at: now) }
    }
}

/// What the client sees of one job, by its own clock.
struct JobTrace {
    /// When the job was sent.
    let started: Instant
    /// Tokens received so far.
    private(set) var tokens = 0
    /// From sending to the first token.
    private(set) var firstTokenMilliseconds: Double?
    /// For each later delta: the time since the one before, over its tokens.
    private(set) var betweenTokensMilliseconds: [Double] = []
    private var lastDelta: Instant

    /// A job that is sent now.
    init(started: Instant) {
        self.started = started
        lastDelta = started
    }

    /// Tokens up to `total` have arrived. Returns how many of them are new.
    @discardableResult
    mutating func receive(total: Int, at now: Instant) -> Int {
        let new = total - tokens
        guard new > 0 else { return 0 }
        let milliseconds = now.milliseconds(since: lastDelta)
        if firstTokenMilliseconds == nil {
            firstTokenMilliseconds = milliseconds
        } else {
            betweenTokensMilliseconds.append(milliseconds / Double(new))
        }
        tokens = total
        lastDelta = now
        return new
    }
}

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
