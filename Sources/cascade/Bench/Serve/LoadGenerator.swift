internal import CascadeCore
internal import CascadeEval
internal import CascadeNode

/// Keeps a number of jobs in flight over one connection and takes their times: whenever one ends, the next one begins.
///
/// One loop serves all jobs, so that it costs the same whatever their number; ``TurnOutcome/clientMilliseconds`` tells
/// whether it was the bottleneck.
struct LoadGenerator {
    private struct Running {
        var submit: Submit
        var trace: JobTrace
        var job: JobID?
        var textBytes: UInt32 = 0
        var lastHeard: Instant
        var lastSent: Instant
    }

    /// Failures without a success after which a turn is given up.
    private static let hopelessFailures = 100

    private let client: ClusterClient
    private let load: ServeLoad
    /// Raised by Ctrl-C.
    private let interruption: RaisedFlag

    private var outcome: TurnOutcome
    private var length: ServeLoad.Length
    private let turn: Int
    /// By the number of the request that submitted it.
    private var running: [UInt64: Running] = [:]
    private var requestOfJob: [JobID: UInt64] = [:]
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
        self.client = client
        self.load = load
        self.length = length
        self.turn = turn
        self.interruption = interruption
        outcome = TurnOutcome(setting: setting)
        started = MonotonicTime.now()
        lastHeard = started
    }

    /// Runs the turn. Ctrl-C cancels the jobs in flight and ends it, which the outcome says. Throws when the
    /// coordinator does not answer any more.
    mutating func run() async throws(NodeError) -> TurnOutcome {
        outcome.statusBefore = try await status()
        let processorTime = ProcessorTime.milliseconds()
        started = MonotonicTime.now()
        lastHeard = started
        for _ in 0..<outcome.setting.concurrency { begin(at: started) }
        for await event in client.events {
            let now = MonotonicTime.now()
            switch event {
            case .message(let message):
                lastHeard = now
                take(message, at: now)
            case .tick: try tick(at: now)
            case .connected:
                for id in running.keys { repeatRequest(id, at: now) }
                if nodesRequests.after != nil { nodesRequests.after = askForNodes() }
            case .interrupted: cancel(at: now)
            case .locked(let message): throw .refused(message)
            case .disconnected, .unreadable: break
            }
            if case .seconds(let seconds) = length, now.milliseconds(since: started) >= seconds * 1_000 {
                endFullTime(at: now)
            }
            if running.isEmpty, !isFull, nodesRequests.after == nil || isCancelling { break }
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
        running[submit.requestID] = Running(
            submit: submit,
            trace: JobTrace(started: now),
            lastHeard: now,
            lastSent: now
        )
        client.send(.submit(submit))
    }

    private mutating func end(_ id: UInt64, at now: Instant) {
        guard let ended = running.removeValue(forKey: id) else { return }
        if let job = ended.job { requestOfJob[job] = nil }
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
        switch message {
        case .accepted(let accepted):
            guard running[accepted.requestID] != nil else { return }
            running[accepted.requestID]?.job = accepted.job
            running[accepted.requestID]?.lastHeard = now
            requestOfJob[accepted.job] = accepted.requestID
            if isCancelling { repeatRequest(accepted.requestID, at: now) }
        case .delta(let delta): take(delta, at: now)
        case .finished(let finished): take(finished.report, at: now)
        case .refused(let refused):
            guard running[refused.requestID] != nil else { return }
            outcome.failures.append(refused.message)
            end(refused.requestID, at: now)
        case .nodeList(let list):
            let nodes = list.nodes.filter { $0.pool == load.template.pool }
            if list.requestID == nodesRequests.before { outcome.nodesBefore = nodes }
            if list.requestID == nodesRequests.after {
                outcome.nodesAfter = nodes
                nodesRequests.after = nil
            }
        default: break
        }
    }

    private mutating func take(_ delta: Delta, at now: Instant) {
        // Field by field: a copy of the whole would have the trace's times copied with every delta.
        guard let id = requestOfJob[delta.job], let tokens = running[id]?.trace.tokens,
            let bytes = running[id]?.textBytes
        else { return }
        running[id]?.lastHeard = now
        // Something was lost on the way.
        guard delta.tokenOffset <= tokens, delta.byteOffset <= bytes else { return repeatRequest(id, at: now) }
        running[id]?.textBytes = max(bytes, delta.byteOffset + UInt32(delta.text.count))
        count(id, total: Int(delta.tokenOffset) + delta.tokens.count, at: now)
    }

    private mutating func take(_ report: JobReport, at now: Instant) {
        guard let id = requestOfJob[report.job] else { return }
        count(id, total: report.tokens.count, at: now)
        guard let trace = running[id]?.trace else { return }
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

    private mutating func count(_ id: UInt64, total: Int, at now: Instant) {
        let new = running[id]?.trace.receive(total: total, at: now) ?? 0
        if isFull { outcome.fullTokens += new }
    }

    // MARK: Time

    private mutating func tick(at now: Instant) throws(NodeError) {
        // Not at once: nodes report once a second, and the first report shall not tell of the time before the turn.
        if nodesRequests.before == nil, isFull, now.milliseconds(since: started) > 1_100 {
            nodesRequests.before = askForNodes()
        }
        for (id, job) in running
        where now.milliseconds(since: job.lastHeard) > 2_000 && now.milliseconds(since: job.lastSent) > 2_000 {
            repeatRequest(id, at: now)
        }
        if outcome.jobs.isEmpty, outcome.failures.count >= Self.hopelessFailures {
            throw .failed(
                "\(plural(outcome.failures.count, "job")) failed and none ended well; the last: \(outcome.failures.last ?? "")"
            )
        }
        let silence = now.milliseconds(since: lastHeard) / 1_000
        if isCancelling, silence > 3 { throw .failed("interrupted; the coordinator did not confirm the cancellation") }
        guard silence > load.timeout else { return }
        let time = SubmitSummary.fixed(silence, 1)
        throw .unreachable("the coordinator at \(client.endpoint) has been silent for \(time) s")
    }

    private mutating func cancel(at now: Instant) {
        isCancelling = true
        endFullTime(at: now)
        for id in running.keys { repeatRequest(id, at: now) }
    }

    /// Says again what was perhaps lost: requests are idempotent.
    private mutating func repeatRequest(_ id: UInt64, at now: Instant) {
        guard let known = running[id] else { return }
        running[id]?.lastSent = now
        guard let job = known.job else { return client.send(.submit(known.submit)) }
        if isCancelling {
            client.send(.cancel(Cancel(requestID: id, job: job)))
        } else {
            let offset = UInt32(known.trace.tokens)
            client.send(.watch(Watch(requestID: id, job: job, tokenOffset: offset, byteOffset: known.textBytes)))
        }
    }
}
