import CascadeCoordinator
import CascadeCore
import CascadeWire
import CascadeWorker

/// A job that kills whoever works on it, in a history that has no faults besides.
struct Poison: Sendable {
    /// Whom it kills, and when.
    enum Effect: CaseIterable, Sendable {
        /// The coordinator, whose tokenizer gets the prompt.
        case reading
        /// The coordinator, which commits a round.
        case round
        /// The expert that is asked.
        case expert
    }

    let effect: Effect
    /// Who submits it.
    let client: Int
    /// Its names, one more each time that it was submitted anew.
    var jobs: [JobID] = []
    var job: JobID? { jobs.last }
    /// Crashes of the coordinator behind which its disk has the job.
    var crashes = 0
    /// Whether it has just killed the coordinator.
    var hasKilled = false
}

/// The job is set aside within a bound, and all others come to their ends.
extension Simulation {
    /// Makes one job of some of the calm histories poison. Draws of its own: all others stay what they were.
    mutating func choosePoison() {
        var random = SplitMix64(seed: seed ^ 0x5eed_0000_dead)
        // Where owners contend, jobs end because keys go.
        guard isCalm, !isContested, !nodes.contains(where: { $0.treason != nil }), random.chance(0.7) else { return }
        let effect = random.pick(Poison.Effect.allCases)
        // Without a journal its client submits it again, for ever.
        guard keepsJournal || effect == .expert else { return }
        let client = random.pick(0...(clients.count - 1))
        // Longer than all others, so that it is known by it.
        let prompt = (0..<40).map { _ in UInt8(random.pick(32...126)) }
        clients[client].takePoison(prompt, maxTokens: 20)
        poison = Poison(effect: effect, client: client)
    }

    /// What the coordinator does may be its end.
    mutating func meetPoison(_ action: CoordinatorStateMachine.Action) {
        guard let poison else { return }
        switch action {
        case .journal(let record):
            if case .accepted(let accepted) = record.entry,
                accepted.submit.prompt == clients[poison.client].submit.prompt
            {
                // Its client submits it anew when its report has been forgotten.
                self.poison?.crashes = 0
                self.poison?.jobs.append(record.job)
            }
            if case .committed = record.entry, poison.effect == .round, record.job == poison.job {
                self.poison?.hasKilled = true
            }
        case .send(.accepted(let accepted), let peer):
            // Without a journal nothing else says how it is called.
            guard let address = SimulatedAddress(peer), address.kind == .client, address.index == poison.client,
                !poison.jobs.contains(accepted.job)
            else { return }
            self.poison?.jobs.append(accepted.job)
        case .tokenize(let prompt) where poison.effect == .reading && prompt.job == poison.job:
            self.poison?.hasKilled = true
        default: break
        }
    }

    /// The coordinator has done all that one event brought up; true where it was its end.
    mutating func isKilledByPoison() -> Bool {
        guard poison?.hasKilled == true else { return false }
        poison?.hasKilled = false
        report.coverage.count(.jobKillsCoordinator)
        stopCoordinator(restartWithin: 500)
        do throws(WireError) {
            if try disk.load().records.contains(where: { $0.job == poison?.job }) { poison?.crashes += 1 }
        } catch {
            fail("I8: a record cannot be read: \(error)")
        }
        // The first time it may not have come to the disk that the job was taken up.
        let most = limits.crashesPerJob + 1
        if let crashes = poison?.crashes, crashes > most {
            fail("I26: one job brought the coordinator down \(crashes) times, at most \(most)")
        }
        return true
    }

    /// A request arrives; true when it is the end of the node.
    mutating func diesOfPoison(_ index: Int, _ request: WorkRequest) -> Bool {
        guard let poison, poison.effect == .expert, nodes[index].role == .expert else { return false }
        guard request.fence.sequence.job == poison.job else { return false }
        report.coverage.count(.jobKillsExpert)
        stopNode(index, restartWithin: 500)
        return true
    }

    /// Whether a job may end with an error although nothing fails.
    func isPoison(_ report: JobReport) -> Bool {
        guard let poison, poison.jobs.contains(report.job) else { return false }
        return report.error.map { [.setAside, .poisoned].contains($0.code) } ?? false
    }

    /// I26: two crashes set nothing aside, each one behind them at most one job; nor do two deaths of nodes.
    mutating func checkSetAside(_ report: JobReport) {
        guard let error = report.error, error.code == .setAside, setAsideJobs.insert(report.job).inserted else {
            return
        }
        if error.message.contains("of the coordinator") {
            crashVictims += 1
            if crashVictims > max(0, crashes - 2) {
                fail("I26: \(crashVictims) jobs were set aside after \(crashes) crashes of the coordinator")
            }
        } else {
            var transitions = self.report.coverage.transitions
            if let own = coordinator?.transitions { transitions.add(own) }
            let deaths = [Transition.nodeLost, .nodeReaped, .nodeReplaced].reduce(0) { $0 + Int(transitions[$1]) }
            if deaths < 3 { fail("I26: job \(report.job) was set aside after \(deaths) deaths of nodes") }
        }
    }

    /// I26: what kills is set aside, and nothing else is.
    mutating func checkPoison() {
        guard let poison, let report = clients[poison.client].report else { return }
        // Under a sequential baseline an answer may do without the expert, and with its last round one commits nothing.
        let mayEnd =
            switch poison.effect {
            case .reading: false
            case .round: true
            case .expert: clients[poison.client].submit.rule.rule.isSequential
            }
        if report.error == nil, !mayEnd {
            fail("I26: job \(report.job), which kills, was answered")
        }
        if let error = report.error, poison.effect != .expert, error.code != .setAside {
            fail("I26: job \(report.job), which kills the coordinator, ended by \(report.reason.name)")
        }
        if setAsideJobs.contains(where: { !poison.jobs.contains($0) }) {
            fail("I26: beside job \(report.job), which kills, \(setAsideJobs) were set aside")
        }
    }
}
