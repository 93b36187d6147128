package import CascadeClient
package import CascadeCore
internal import CascadeHost

/// Follows a job to its end over a ``ClusterClient``: drives a ``JobFollower``.
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
        /// How far the job's prompt is read, before the answer begins.
        case reading(ReadingPace)
        /// Which nodes there are, for a job that waits.
        case nodes([NodeSummary])
        /// The coordinator does not answer; it is tried again.
        case unreachable
        /// The coordinator answers again.
        case reachable
    }

    private let client: ClusterClient
    private let patience: Double
    private var follower: JobFollower
    private var hasAskedForNodes = false
    /// How the answer's tokens came to be, as far as that is known; empty where the job did not ask.
    package private(set) var explained: [ExplainedToken] = []

    /// Follows a new job, which Ctrl-C cancels.
    ///
    /// - Parameter patience: seconds without any answer after which the cluster counts as unreachable.
    package init(client: ClusterClient, submit: Submit, patience: Double) {
        self.client = client
        self.patience = patience
        follower = JobFollower(submit: submit, patience: patience, now: MonotonicClock.now())
    }

    /// Follows a job that is there already, from its beginning. Ctrl-C leaves it alone.
    ///
    /// - Parameter patience: seconds without any answer after which the cluster counts as unreachable.
    package init(client: ClusterClient, job: JobID, patience: Double) {
        self.client = client
        self.patience = patience
        let requestID = UInt64.random(in: 1...UInt64.max / 2)
        follower = JobFollower(job: job, requestID: requestID, patience: patience, now: MonotonicClock.now())
    }

    /// Runs to the end of the job. Ctrl-C asks the coordinator to cancel what was submitted here; the report then says
    /// so.
    package mutating func run(show: (Notice) -> Void) async throws(NodeError) -> JobReport {
        _ = try perform(follower.start(at: MonotonicClock.now()), show: show)
        for await event in client.events {
            let told: JobFollower.Event
            switch event {
            case .message(let message):
                if case .nodeList(let list) = message { show(.nodes(list.nodes)) }
                told = .message(message)
            case .connected: told = .connected
            case .disconnected: told = .disconnected
            case .tick: told = .tick
            case .interrupted: told = .cancel(isWithdrawn: follower.mayWithdraw && client.withdraw())
            case .locked(let problem): throw .refused(problem)
            case .unreadable: continue
            }
            let actions = follower.handle(told, at: MonotonicClock.now())
            if let report = try perform(actions, show: show) { return report }
        }
        throw .failed("the connection was closed")
    }

    private mutating func perform(
        _ actions: [JobFollower.Action],
        show: (Notice) -> Void
    ) throws(NodeError) -> JobReport? {
        for action in actions {
            switch action {
            case .send(let message): client.send(message)
            case .stream(let part): take(part, show: show)
            case .accepted(let accepted): show(.accepted(accepted))
            case .waiting(let note):
                show(.waiting(note))
                askForNodes()
            case .reading(let pace): show(.reading(pace))
            case .unreachable: show(.unreachable)
            case .reachable: show(.reachable)
            case .end(let ending): return try report(ending)
            }
        }
        return nil
    }

    private mutating func take(_ part: JobFollower.StreamPart, show: (Notice) -> Void) {
        if !part.explanations.isEmpty {
            let new = zip(zip(part.tokens, part.origins), part.explanations).map { token, explanation in
                ExplainedToken(token: token.0, origin: token.1, explanation: explanation)
            }
            explained += new
            show(.explained(new))
        }
        if !part.text.isEmpty { show(.text(Array(part.text))) }
    }

    private func report(_ ending: JobFollower.Ending) throws(NodeError) -> JobReport {
        switch ending {
        case .report(let report): return report
        case .refused(let refused): throw .refused(refused.message)
        case .left: throw .interrupted("no longer followed\(whatIsLeft)")
        case .withdrawn: throw .interrupted("interrupted before the coordinator answered")
        case .cancellationUnconfirmed:
            throw .interrupted("interrupted; the coordinator did not confirm the cancellation")
        case .unreachable:
            let waited = "(waited \(secondsText(patience)) s)"
            throw .unreachable("no coordinator answers at \(client.endpoint) \(waited)\(whatIsLeft)")
        }
    }

    /// What can be done about a job whose end was not waited for.
    private var whatIsLeft: String {
        follower.job.map { "; 'cascade watch \($0)' follows the job again, 'cascade cancel \($0)' ends it" } ?? ""
    }

    /// Once: a job may wait for a pool that nobody has heard of.
    private mutating func askForNodes() {
        guard !hasAskedForNodes else { return }
        hasAskedForNodes = true
        client.send(.nodesRequest(NodesRequest(requestID: UInt64.random(in: 1...UInt64.max / 2))))
    }
}
