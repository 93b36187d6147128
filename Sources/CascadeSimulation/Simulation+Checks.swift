import CascadeCoordinator
import CascadeCore
import CascadeWorker

/// What must hold; the numbers are those of the reliability plan's invariants.
extension Simulation {
    /// I12: nothing grows beyond its bound. After every event.
    mutating func checkBounds(_ gauges: CoordinatorGauges) {
        for excess in gauges.excesses(over: limits) { fail("I12: \(excess)") }
        for gauge in gauges.nodes where gauge.inFlight > gauge.credits {
            fail("I12: \(gauge.inFlight) requests at \(gauge.identity.name), which has \(gauge.credits) credits")
        }
    }

    /// I1: a client is sent all of an answer, in order. I8: a submission makes one job, however often it is sent. I10:
    /// behind the end of a job nothing comes, unless it is asked for.
    mutating func checkSent(_ message: Message, to peer: PeerID) {
        checkOwner(of: message, to: peer)
        switch message {
        case .accepted(let accepted): checkAccepted(accepted.job, peer)
        case .finished(let finished):
            checkSetAside(finished.report)
            let isDamaged = finished.report.error?.code == .journalDamaged
            // The answer to a cancel, which has its number, is the report alone.
            let isDeferred = askedAgain.contains(peer)
            if finished.requestID == 0,
                let problem = streams.problem(of: finished.report, to: peer, isDeferred: isDeferred), !isDamaged
            {
                fail("I1: \(problem)")
            }
            ended[peer, default: []].insert(finished.report.job)
            if countedJobs.insert(finished.report.job).inserted { endedCounts.add(finished.report.counts) }
        case .delta(let delta):
            let isDeferred = askedAgain.contains(peer)
            if ended[peer]?.contains(delta.job) == true, !isDeferred {
                fail("I10: a delta of job \(delta.job) behind its end")
            }
            if let problem = streams.problem(of: delta, to: peer, isDeferred: isDeferred) { fail("I1: \(problem)") }
        default: break
        }
    }

    /// I22: nobody is told of another owner's job.
    private mutating func checkOwner(of message: Message, to peer: PeerID) {
        guard let address = SimulatedAddress(peer), address.kind == .client || address.kind == .crowd else { return }
        let owner = address.owner.name
        let told: [JobID] =
            switch message {
            case .accepted(let accepted): [accepted.job]
            case .delta(let delta): [delta.job]
            case .finished(let finished): [finished.report.job]
            case .jobList(let list): list.jobs.map(\.job)
            case .jobsCancelled(let answer): answer.cancelled + answer.ended
            default: []
            }
        for job in told {
            if case .accepted = message, owners[job] == nil { owners[job] = owner }
            if let other = owners[job], other != owner { fail("I22: \(owner) is told of job \(job) of \(other)") }
        }
    }

    /// I25: behind a tick no job goes on whose deadline has passed. Of the time before its client was told of it, or
    /// before the coordinator's start, nothing is known here.
    mutating func checkDeadlines() {
        for job in coordinator?.pendingJobs ?? [] {
            guard let (milliseconds, since) = deadlines[job] else { continue }
            let age = now.milliseconds(since: max(since, startedAt))
            if age > Double(milliseconds) {
                fail("I25: job \(job) goes on after \(age) ms, its deadline was at \(milliseconds)")
            }
        }
    }

    /// I25: a job that is refused for its deadline leaves nothing behind.
    ///
    /// - Parameter keys: submit keys that were known before and are now.
    mutating func checkDeadlineRefusal(
        _ actions: [CoordinatorStateMachine.Action],
        keys: (before: Int, after: Int)
    ) {
        let isRefused = actions.contains { action in
            guard case .send(.refused(let refused), _) = action else { return false }
            return refused.code == .deadlineTooShort
        }
        guard isRefused else { return }
        let isWritten = actions.contains { action in
            guard case .journal(let record) = action, case .accepted = record.entry else { return false }
            return true
        }
        if isWritten || keys.after > keys.before { fail("I25: a job that was refused for its deadline is known") }
    }

    private mutating func checkAccepted(_ job: JobID, _ peer: PeerID) {
        let boot = coordinator?.boot
        boots[job] = boot
        guard let address = SimulatedAddress(peer), address.kind == .client else { return }
        if deadlines[job] == nil, let milliseconds = clients[address.index].submit.deadlineMilliseconds {
            deadlines[job] = (milliseconds, now)
        }
        let earlier = clients[address.index].accepted
        clients[address.index].accepted = job
        // A coordinator may forget a job that ended long ago, and with it the key.
        guard let earlier, earlier != job, keepsJournal || boots[earlier] == boot,
            keepsResults, !damagedJobs.contains(earlier)
        else { return }
        fail("I8: the submission of client \(address.index) made two jobs, \(earlier) and \(job)")
    }

    /// I2, I3 and I17: what an answer says is what the experts said, and its ledger balances.
    mutating func checkReport(_ report: JobReport, _ client: SimulatedClient) {
        if let problem = report.counts.problem(emitted: report.tokens.count) { fail("I17: \(problem)") }
        checkVerdicts(report, client)
        if report.reason == .cancelled, client.cancelsAt == nil { fail("job \(report.job) was cancelled by nobody") }
        if report.error?.code == .journalDamaged, damagedJobs.contains(report.job) { return }
        if report.error?.code == .forbidden, keys.wasRevoked(client.link.address) { return }
        let isOverdue = report.error?.code == .deadlineExceeded
        if isOverdue, client.submit.deadlineMilliseconds.map({ report.totalMilliseconds < Double($0) }) ?? true {
            fail("I25: job \(report.job) was ended before its deadline, after \(report.totalMilliseconds) ms")
        }
        let mayBe: [RefusalCode] = [.poisoned, .nodeFailed, .shuttingDown, .setAside]
        if let error = report.error, !isOverdue, !mayBe.contains(error.code) {
            fail("job \(report.job) failed: \(error.message)")
        }
        if isCalm, report.reason == .error, !isOverdue, !isPoison(report) {
            fail("a job failed without a fault: \(report.error?.message ?? "")")
        }
        if let constraint = ToyConstraint(of: client.submit) {
            self.report.constrainedAnswers.all += 1
            if let place = constraint.wrongPlace(in: report.tokens) {
                fail("I29: job \(report.job): its constraint does not allow token \(place) of \(report.tokens)")
            }
        }
        guard let oracle = DecidedAnswer(client.submit, report, language: language, context: context) else { return }
        self.report.decidedAnswers[oracle.guarantee, default: 0] += 1
        if client.submit.sampling.adjustsLogits { self.report.adjustedAnswers += 1 }
        if client.submit.constraint != nil { self.report.constrainedAnswers.decided += 1 }
        let name = "\(oracle.guarantee == .ruled ? "I4 (G3)" : "I3, I4 (G1, G2)"): job \(report.job)"
        switch report.reason {
        case .stop, .length:
            guard report.tokens == oracle.tokens else {
                fail("\(name): tokens \(report.tokens) should be \(oracle.tokens)")
                return
            }
            if report.text != oracle.text { fail("\(name): text \(report.text) should be \(oracle.text)") }
            if report.reason != oracle.reason { fail("\(name): ended by \(report.reason), not by \(oracle.reason)") }
        case .cancelled, .error:
            if !oracle.tokens.starts(with: report.tokens) {
                fail("\(name): tokens \(report.tokens) do not begin \(oracle.tokens)")
            }
        }
    }

    /// What the pool's largest expert holds of one sequence.
    private var context: Int {
        nodes.filter { $0.role == .expert }.map { Int(min($0.traits.contextLength, $0.traits.kvTokens)) }.max() ?? 0
    }

    /// I2: every token is what the rule makes of an expert's word, behind the very tokens before it.
    private mutating func checkVerdicts(_ report: JobReport, _ client: SimulatedClient) {
        // Under a sequential baseline a drafter's word is enough.
        if client.submit.rule.rule.isSequential { return }
        let sequence = SequenceID(job: report.job)
        var prefix = PrefixHash.extend(PrefixHash.empty, ToyLanguage.tokens(ofPrompt: client.submit.prompt))
        for (index, token) in report.tokens.enumerated() {
            let verdict = SimulatedNode.Verdict(sequence: sequence, prefix: prefix, token: token)
            guard verdicts.contains(verdict) else {
                fail("I2: no expert vouched for token \(token) at position \(index) of job \(report.job)")
                return
            }
            prefix = PrefixHash.extend(prefix, [token])
        }
    }

    /// I13: once healed, everything comes to an end, and to rest.
    mutating func failLiveness() {
        let late = clients.indices.filter { clients[$0].phase != .done }
        if let first = late.first {
            let phase = clients[first].phase
            fail(
                """
                I13: not done after \(options.livenessSeconds) s without faults: \(late.count) of \(clients.count) \
                clients; the first, \(first), is in \(phase)
                """
            )
        } else if let unrest {
            fail("\(unrest), \(options.livenessSeconds) s after the last fault")
        }
    }

    /// Behind the last client's end: everything comes to rest, and stays so.
    mutating func checkRest() {
        let unrest = unrest
        if let unrest, settledAt != nil { fail("\(unrest), after everything had come to rest") }
        if unrest == nil, settledAt == nil { settledAt = now }
    }

    /// What is not as it must be when everybody is done: no job (I13), no watcher (I12), and a table of nodes that is
    /// the live nodes, all of them ready (I19).
    private var unrest: String? {
        guard let gauges = coordinator?.gauges else { return "I13: the coordinator is not up" }
        if gauges.queuedJobs + gauges.restoredJobs + gauges.runningJobs > 0 {
            return "I13: a job without a client goes on"
        }
        for node in nodes {
            guard let known = gauges.nodes.first(where: { $0.identity == node.identity }) else {
                return "I19: \(node.name) is not in the table of nodes"
            }
            if known.state != .ready { return "I19: \(node.name) is \(known.state)" }
        }
        if gauges.nodes.count > nodes.count { return "I19: the table of nodes has \(gauges.nodes.count) nodes" }
        return gauges.watchers > 0 ? "I12: \(gauges.watchers) watchers of ended jobs" : nil
    }

    /// What must be left of a history without faults: nothing.
    mutating func checkEnd() {
        guard isCalm else { return }
        checkPoison()
        // What an earlier coordinator counted, and what it told nodes, died with it.
        guard starts == 1 else { return }
        // A job that was forgotten before its client asked again was counted, but its report never left.
        if let totals = coordinator?.totals, keepsResults, totals != endedCounts {
            fail("I17: the totals \(totals) are not the jobs' \(endedCounts)")
        }
        // A deadline may pass just behind a request, and this network lets what forgets its sequence overtake it.
        if let transitions = coordinator?.transitions, transitions[.deadlinePassed] > 0 { return }
        for node in nodes where node.worker.sequenceCount > 0 { fail("I10: \(node.name) holds an ended sequence") }
    }
}
