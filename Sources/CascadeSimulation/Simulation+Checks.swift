import CascadeCoordinator
import CascadeCore

/// What must hold; the numbers are those of the reliability plan's invariants.
extension Simulation {
    /// I12: nothing grows beyond its bound. After every event.
    mutating func checkBounds(_ machine: CoordinatorStateMachine) {
        let gauges = machine.gauges
        for excess in gauges.excesses(over: limits) { fail("I12: \(excess)") }
        for gauge in gauges.nodes where gauge.inFlight > gauge.credits {
            fail("I12: \(gauge.inFlight) requests at \(gauge.identity.name), which has \(gauge.credits) credits")
        }
    }

    /// I8: a submission makes one job, however often it is sent. I10: behind the end of a job nothing comes, unless it is
    /// asked for.
    mutating func checkSent(_ message: Message, to peer: PeerID) {
        switch message {
        case .accepted(let accepted): checkAccepted(accepted.job, peer)
        case .finished(let finished):
            ended[peer, default: []].insert(finished.report.job)
            if countedJobs.insert(finished.report.job).inserted { endedCounts.add(finished.report.counts) }
        case .delta(let delta)
        where ended[peer]?.contains(delta.job) == true && !askedAgain.contains(peer):
            fail("I10: a delta of job \(delta.job) behind its end")
        default: break
        }
    }

    private mutating func checkAccepted(_ job: JobID, _ peer: PeerID) {
        let boot = coordinator?.machine.boot
        boots[job] = boot
        guard let address = Address(peer), address.kind == .client else { return }
        let earlier = clients[address.index].accepted
        clients[address.index].accepted = job
        // A coordinator may forget a job that ended long ago, and with it the key.
        guard let earlier, earlier != job, keepsJournal || boots[earlier] == boot,
            limits.finishedJobs >= clients.count, !damagedJobs.contains(earlier)
        else { return }
        fail("I8: the submission of client \(address.index) made two jobs, \(earlier) and \(job)")
    }

    /// I2, I3 and I17: what an answer says is what the experts said, and its ledger balances.
    mutating func checkReport(_ report: JobReport, _ client: SimulatedClient) {
        if let problem = report.counts.problem(emitted: report.tokens.count) { fail("I17: \(problem)") }
        checkVerdicts(report, client)
        if report.reason == .cancelled, client.cancelsAt == nil { fail("job \(report.job) was cancelled by nobody") }
        if report.error?.code == .journalDamaged, damagedJobs.contains(report.job) { return }
        if let error = report.error, ![.poisoned, .nodeFailed, .shuttingDown].contains(error.code) {
            fail("job \(report.job) failed: \(error.message)")
        }
        if isCalm, report.reason == .error { fail("a job failed without a fault: \(report.error?.message ?? "")") }
        guard let oracle = Oracle(client.submit, report, language: language, context: context) else { return }
        self.report.decidedAnswers[oracle.guarantee, default: 0] += 1
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
        nodes.filter { $0.role == .expert }.map { Int(min($0.contextLength, $0.kvTokens)) }.max() ?? 0
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

    /// I13: once healed, everything comes to an end.
    mutating func failLiveness() {
        let late = clients.enumerated().filter { $0.element.phase != .done }
        let names = late.map { "client \($0.offset) in \($0.element.phase)" }.joined(separator: ", ")
        fail("I13: not done after \(options.livenessSeconds) s without faults: \(names)")
    }

    /// I19, and what must be left when everybody is done: nothing.
    mutating func checkEnd() {
        guard let machine = coordinator?.machine else {
            fail("I13: the coordinator is not up")
            return
        }
        let gauges = machine.gauges
        let known = gauges.nodes.map(\.identity).sorted { $0.name < $1.name }
        let live = nodes.map(\.identity).sorted { $0.name < $1.name }
        if known != live { fail("I19: the node table \(known) is not the live nodes \(live)") }
        if gauges.nodes.contains(where: { $0.credits == 0 }) { fail("I19: a live node is not ready") }
        if gauges.queuedJobs + gauges.runningJobs > 0 { fail("I13: a job without a client goes on") }
        if gauges.watchers > 0 { fail("I12: \(gauges.watchers) watchers of ended jobs") }
        guard isCalm else { return }
        // A job that was forgotten before its client asked again was counted, but its report never left.
        if limits.finishedJobs >= clients.count, machine.totals != endedCounts {
            fail("I17: the totals \(machine.totals) are not the jobs' \(endedCounts)")
        }
        for node in nodes where !node.memory.caches.isEmpty { fail("I10: \(node.name) holds an ended sequence") }
    }
}
