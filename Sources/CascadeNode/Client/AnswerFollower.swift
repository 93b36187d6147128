package import CascadeCore

/// Follows a job to its end, whatever happens to the connection: a submission is repeated under its key until it is
/// accepted, and a watch from the offset in hand repairs whatever was lost on the way.
package struct AnswerFollower {
    /// What the caller shows as it happens.
    package enum Notice: Sendable {
        /// How the next tokens came to be, where the job asks; comes before their text.
        case explained([ExplainedToken])
        /// New text of the answer.
        case text([UInt8])
        /// The job was accepted.
        case accepted(Accepted)
        /// What the job waits for.
        case waiting(String)
        /// Which nodes there are, for a job that waits.
        case nodes([NodeSummary])
        /// The coordinator does not answer; it is tried again.
        case unreachable
        /// The coordinator answers again.
        case reachable
    }

    private let client: ClusterClient
    /// What is submitted; nil where a job that is there already is followed.
    private let submit: Submit?
    private let patience: Double
    private var job: JobID?
    /// How the answer's tokens came to be, as far as that is known; empty where the job did not ask.
    package private(set) var explained: [ExplainedToken] = []
    private var tokenCount: UInt32 = 0
    private var byteCount: UInt32 = 0
    private var lastHeard: Instant
    private var lastSent: Instant
    private var standstill: StandstillWatch
    private var toldUnreachable = false
    private var lastNote = ""
    private var hasAskedForNodes = false
    /// Of the last request: a late refusal of an earlier one says nothing about the job.
    private var requestID: UInt64
    private var isCancelling = false
    private var isConnected = false
    /// Times that a finished job was asked for explanations that got lost on the way.
    private var replays = 0

    /// Follows a new job, which Ctrl-C cancels.
    ///
    /// - Parameter patience: seconds without any answer after which the cluster counts as unreachable.
    package init(client: ClusterClient, submit: Submit, patience: Double) {
        self.init(client: client, submit: submit, job: nil, patience: patience)
    }

    /// Follows a job that is there already, from its beginning. Ctrl-C leaves it alone.
    ///
    /// - Parameter patience: seconds without any answer after which the cluster counts as unreachable.
    package init(client: ClusterClient, job: JobID, patience: Double) {
        self.init(client: client, submit: nil, job: job, patience: patience)
    }

    private init(client: ClusterClient, submit: Submit?, job: JobID?, patience: Double) {
        self.client = client
        self.submit = submit
        self.job = job
        self.patience = patience
        requestID = submit?.requestID ?? UInt64.random(in: 1...UInt64.max / 2)
        lastHeard = MonotonicTime.now()
        lastSent = lastHeard
        standstill = StandstillWatch(now: lastHeard)
    }

    /// Runs to the end of the job. Ctrl-C asks the coordinator to cancel what was submitted here; the report then says
    /// so.
    package mutating func run(show: (Notice) -> Void) async throws(NodeError) -> JobReport {
        repeatRequest()
        for await event in client.events {
            if standstill.look(now: MonotonicTime.now()) {
                // The coordinator may have said much since, or have forgotten who asked: it has its time anew.
                lastHeard = MonotonicTime.now()
                repeatRequest()
            }
            switch event {
            case .message(let message):
                lastHeard = MonotonicTime.now()
                if toldUnreachable {
                    toldUnreachable = false
                    show(.reachable)
                }
                if let report = try take(message, show: show) { return report }
            case .connected:
                isConnected = true
                repeatRequest()
            case .locked(let problem): throw .refused(problem)
            case .disconnected: isConnected = false
            case .unreadable: break
            case .interrupted:
                guard submit != nil else { throw .interrupted("no longer followed\(whatIsLeft)") }
                // A submission that is on its way is waited for: nobody else would cancel its job. One that has not
                // left does not leave any more.
                if isCancelling || (job == nil && !isConnected && client.withdraw()) {
                    throw .interrupted("interrupted before the coordinator answered")
                }
                isCancelling = true
                repeatRequest()
            case .tick: try tick(show: show)
            }
        }
        throw .failed("the connection was closed")
    }

    private mutating func take(_ message: Message, show: (Notice) -> Void) throws(NodeError) -> JobReport? {
        switch message {
        case .accepted(let accepted) where accepted.requestID == submit?.requestID && job == nil:
            job = accepted.job
            show(.accepted(accepted))
            if isCancelling { repeatRequest() }
        case .delta(let delta) where delta.job == job: take(delta, show: show)
        case .finished(let finished) where finished.report.job == job:
            let report = finished.report
            if submit?.rule.explains == true, explained.count < report.tokens.count, replays < 3 {
                replays += 1
                isCancelling = false
                repeatRequest()
                return nil
            }
            if report.text.count > Int(byteCount) { show(.text(Array(report.text[Int(byteCount)...]))) }
            return report
        case .nodeList(let list): show(.nodes(list.nodes))
        case .refused(let refused) where [0, requestID].contains(refused.requestID):
            throw .refused(refused.message)
        default: break
        }
        return nil
    }

    private mutating func take(_ delta: Delta, show: (Notice) -> Void) {
        if delta.note != lastNote {
            lastNote = delta.note
            if !delta.note.isEmpty {
                show(.waiting(delta.note))
                askForNodes()
            }
        }
        // Overlap is cut, a gap is asked for again.
        let skipText = Int(byteCount) - Int(delta.byteOffset)
        let skipTokens = Int(tokenCount) - Int(delta.tokenOffset)
        guard skipText >= 0, skipTokens >= 0 else { return repeatRequest() }
        if delta.explanations.count == delta.tokens.count, skipTokens < delta.tokens.count {
            let new = (skipTokens..<delta.tokens.count).map {
                ExplainedToken(
                    token: delta.tokens[$0],
                    origin: delta.origins[$0],
                    explanation: delta.explanations[$0]
                )
            }
            explained += new
            show(.explained(new))
        }
        if delta.text.count > skipText {
            show(.text(Array(delta.text[skipText...])))
            byteCount = delta.byteOffset + UInt32(delta.text.count)
        }
        tokenCount = max(tokenCount, delta.tokenOffset + UInt32(delta.tokens.count))
    }

    /// Once: a job may wait for a pool that nobody has heard of.
    private mutating func askForNodes() {
        guard !hasAskedForNodes else { return }
        hasAskedForNodes = true
        client.send(.nodesRequest(NodesRequest(requestID: UInt64.random(in: 1...UInt64.max / 2))))
    }

    private mutating func tick(show: (Notice) -> Void) throws(NodeError) {
        let now = MonotonicTime.now()
        let quiet = now.milliseconds(since: lastSent)
        // The coordinator trusts connections that say something now and then.
        if quiet > 30_000 || (quiet > 1_000 && now.milliseconds(since: lastHeard) > 1_000) { repeatRequest() }
        let silence = now.milliseconds(since: lastHeard) / 1_000
        if silence > 3, !toldUnreachable {
            toldUnreachable = true
            show(.unreachable)
        }
        if isCancelling, silence > 3 {
            throw .interrupted("interrupted; the coordinator did not confirm the cancellation")
        }
        if silence > patience {
            let waited = "(waited \(secondsText(patience)) s)"
            throw .unreachable("no coordinator answers at \(client.endpoint) \(waited)\(whatIsLeft)")
        }
    }

    /// What can be done about a job whose end was not waited for.
    private var whatIsLeft: String {
        job.map { "; 'cascade watch \($0)' follows the job again, 'cascade cancel \($0)' ends it" } ?? ""
    }

    private mutating func repeatRequest() {
        lastSent = MonotonicTime.now()
        guard let job else {
            if let submit { client.send(.submit(submit)) }
            return
        }
        requestID += 1
        if isCancelling {
            client.send(.cancel(Cancel(requestID: requestID, job: job)))
        } else {
            client.send(
                .watch(
                    Watch(requestID: requestID, job: job, tokenOffset: tokenCount, byteOffset: byteCount)
                )
            )
        }
    }
}
