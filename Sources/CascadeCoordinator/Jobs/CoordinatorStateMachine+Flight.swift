import CascadeCore
import OrderedCollections

/// Which jobs a crash of the coordinator counts for, and which wait so that it counts for one alone
/// (decisions.md 26).
extension CoordinatorStateMachine {
    /// Takes a job up, where it is not yet: its prompt is about to be read, or its rounds run. False where it has to
    /// wait: for another job that may crash the coordinator, or for the disk, so that whatever it does to this process
    /// counts. For that all jobs wait that come from the journal, and new ones as long as some are there that were in
    /// flight at a crash: those would be counted alone.
    mutating func takeUp(_ id: JobID) -> Bool {
        guard keepsJournal, let (flight, isRestored) = jobs.read(id, { ($0.flight, $0.isRestored) }) else {
            return true
        }
        let mustBeOnDisk = isRestored || jobs.crashedCount > 0
        switch flight {
        case .acquitted: return true
        case .open(let record): return !mustBeOnDisk || gate.isDurable(record)
        case .notInFlight:
            guard jobs.mayTakeUp(id) else { return false }
            journal(id, .takenUp)
            jobs.takeUp(id, record: gate.lastRecord)
            if jobs.trial?.id == id { transitions.count(.jobOnTrial) }
            return !mustBeOnDisk
        }
    }

    /// Nobody works on a job any more.
    mutating func putDown(_ id: JobID) {
        guard case .open = jobs.read(id, { $0.flight }) else { return }
        journal(id, .putDown)
        jobs.putDown(id)
    }

    /// A prompt has been read, and its job has no room, or nobody who could use the tokens.
    mutating func putDownUnlessInWork(_ id: JobID) {
        if jobs.read(id, { $0.isInWork }) == false { putDown(id) }
    }

    /// A round was committed and the job goes on: the one on trial may have shown by now that it does no harm.
    mutating func countRoundOfTrial(_ id: JobID) {
        guard jobs.countRound(of: id, outOf: limits.roundsOnTrial) else { return }
        transitions.count(.jobAcquitted)
        journal(id, .putDown)
        jobs.acquit(id)
    }

    /// The job on trial holds nobody up while nobody works on it. It may wait for the disk first.
    mutating func putDownIdleTrial() {
        guard let id = jobs.trial?.id, let (isRunning, flight) = jobs.read(id, { ($0.isRunning, $0.flight) }),
            isRunning, case .open(let record) = flight, gate.isDurable(record), requests.ofJob(id).isEmpty
        else { return }
        putDown(id)
    }

    /// The process ends as it should: what comes after that counts for nobody.
    mutating func putAllDown() {
        for id in jobs.keys { putDown(id) }
    }

    // MARK: Set aside

    /// Ends a job that may be what brings processes down.
    ///
    /// - Parameter cause: what speaks for it, and what somebody who submits it again should know.
    mutating func setAside(_ id: JobID, because cause: String) {
        transitions.count(.jobSetAside)
        log(.warning, "a job is set aside", LogField("job", id.description), LogField("reason", cause))
        let message = """
            set aside: \(cause); its answer so far is kept. Look for the crash in the logs and report it; submit the \
            prompt as a new job to try again
            """
        finish(id, .error, JobError(code: .setAside, message: message))
    }

    /// Whether a job at whose side nodes died waits at an expert: another such job is being verified there, and if the
    /// expert dies too, it is to be known with which one. Nobody waits for one that is late.
    func waitsForSuspect(_ id: JobID, at expert: NodeHandle) -> Bool {
        guard isLastDeathDue(id) else { return false }
        return requests.contains { request in
            request.node == expert && request.job != id && request.role == .expert && isLastDeathDue(request.job)
                && jobs.read(request.job) { $0.sequence?.failures } == 0
        }
    }

    /// Whether one more death of an expert could end a job.
    private func isLastDeathDue(_ id: JobID) -> Bool {
        let deaths = jobs.read(id) { job in
            (inLife: job.expertDeaths.count, inRound: Set(job.sequence?.deaths ?? []).count)
        }
        guard let deaths else { return false }
        return deaths.inLife >= limits.crashesPerJob - 1 || deaths.inRound >= limits.poisonDeaths - 1
    }

    /// A node died while it worked on a job.
    mutating func noteDeath(of node: NodeIdentity, workingOn request: Request) {
        jobs.changeSequence(of: request.job) { $0.noteDeath(of: node.name) }
        guard request.role == .expert else { return }
        jobs.change(request.job) { $0.noteDeath(of: node) }
        journalDeaths(request.job)
    }

    /// A process that was taken for dead is there: it was cut off, and none of the jobs that it worked on killed it.
    mutating func forgiveDeath(of node: NodeIdentity) {
        for id in jobs.keys where jobs.change(id, { $0.forgiveDeath(of: node) }) == true { journalDeaths(id) }
    }

    private mutating func journalDeaths(_ id: JobID) {
        guard let deaths = jobs.read(id, { $0.expertDeaths }) else { return }
        journal(id, .expertDeaths(deaths))
    }
}
