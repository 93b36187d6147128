import CascadeCore
import OrderedCollections

/// The jobs that have not ended, and which of them wait for what: for room at an expert, or for their next step.
///
/// Whatever is counted or listed of jobs is changed with them, so that it cannot differ from what there is.
struct JobTable: Sendable {
    private var jobs = InPlaceTable<JobID, Job>()
    /// Whose they are.
    private(set) var owners = OwnerTable()
    /// Bytes of their submissions.
    private(set) var bytes = 0
    /// Clients that follow them.
    private(set) var watcherCount = 0
    /// Jobs by owner and submit key, active and finished; for look-up only: it is never iterated.
    private var submissions: [Submission: JobID] = [:]
    /// Those that wait for room at an expert, by pool and owner, the most urgent first, and of those the oldest.
    private var queues: OrderedDictionary<String, OrderedDictionary<String, [JobID]>> = [:]
    /// Those with rounds running, in order of admission.
    private(set) var running: [JobID] = []
    /// Those of them that want to go on, longest waiting first.
    private(set) var waiting: [JobID] = []

    /// Those that were in flight at a crash.
    private(set) var crashedCount = 0
    /// The suspect that is in flight: no other one is (decisions.md 26).
    private(set) var trial: Trial?

    /// A job that may be what crashed earlier coordinators, in flight.
    struct Trial: Sendable {
        let id: JobID
        /// Those that were committed since it was taken up.
        fileprivate(set) var rounds = 0
    }

    /// What one owner's submit key stands for is nobody else's business.
    private struct Submission: Hashable {
        let owner: String
        let key: Hash128
    }

    var count: Int { jobs.count }
    /// Oldest first.
    var keys: OrderedSet<JobID> { jobs.keys }
    /// Oldest first.
    var values: some Collection<Job> { jobs.values }
    /// Jobs that no node works on yet.
    var queuedCount: Int { jobs.count - running.count }
    /// Submit keys that are known, those of jobs that have ended too.
    var submissionCount: Int { submissions.count }

    /// A job; nil when it has ended.
    subscript(id: JobID) -> Job? { jobs[id] }

    /// Looks at a job where it is; nil when it has ended.
    @inline(__always) func read<Result>(_ id: JobID, _ body: (borrowing Job) -> Result) -> Result? {
        jobs.read(id, body)
    }

    /// Changes a job where it is; nil when it has ended.
    @discardableResult mutating func change<Result>(_ id: JobID, _ body: (inout Job) -> Result) -> Result? {
        jobs.change(id, body)
    }

    /// Changes the sequence of a job whose rounds run where it is; nil for others.
    @discardableResult mutating func changeSequence<Result>(
        of id: JobID,
        _ body: (inout ActiveSequence) -> Result
    ) -> Result? {
        jobs.change(id) { job in job.changeSequence(body) } ?? nil
    }

    // MARK: Coming and going

    /// Enters a job that has not ended, under its submit key.
    mutating func insert(_ job: Job) {
        jobs.insert(job, forKey: job.id)
        bytes += job.bytes
        if job.crashes > 0 { crashedCount += 1 }
        owners.add(bytes: job.bytes, to: job.owner.name)
        noteKey(job.submit.submitKey, of: job.owner, job.id)
    }

    /// A job has ended: nobody waits or is counted for it any more. Its submit key stays known.
    mutating func remove(_ id: JobID) {
        guard let job = jobs.removeValue(forKey: id) else { return }
        bytes -= job.bytes
        if job.crashes > 0 { crashedCount -= 1 }
        owners.remove(bytes: job.bytes, isRunning: job.isRunning, from: job.owner.name)
        watcherCount -= job.watchers.count
        leaveQueue(job)
        running.removeAll { $0 == id }
        waiting.removeAll { $0 == id }
        if trial?.id == id { trial = nil }
    }

    /// The job that an owner's submit key stands for, whether it has ended or not.
    func job(of owner: JobOwner, key: Hash128) -> JobID? { submissions[Submission(owner: owner.name, key: key)] }

    /// A job can be asked for by its owner's submit key, whether it has ended or not.
    mutating func noteKey(_ key: Hash128, of owner: JobOwner, _ id: JobID) {
        submissions[Submission(owner: owner.name, key: key)] = id
    }

    /// A job that has ended cannot be asked for any more.
    mutating func forgetKey(_ key: Hash128, of owner: JobOwner) {
        submissions[Submission(owner: owner.name, key: key)] = nil
    }

    // MARK: Room

    /// A job's prompt has become tokens: it waits for room, by priority and age, as prompts need not become tokens in
    /// the order they came.
    mutating func enqueue(_ id: JobID, prompt: [Token]) {
        guard let job = jobs[id] else { return }
        change(id) { $0.awaitRoom(prompt: prompt) }
        var queue = queues[job.submit.pool]?[job.owner.name] ?? []
        let later = queue.firstIndex { other in
            jobs.read(other) { other in
                (job.submit.priority, other.number) > (other.submit.priority, job.number)
            } ?? false
        }
        queue.insert(id, at: later ?? queue.endIndex)
        queues[job.submit.pool, default: [:]][job.owner.name] = queue
    }

    /// The job that is to get room next: of the owner who had least for its weight, the most urgent, and of those the
    /// oldest. None of some pools, nor of owners who have as many sequences at work, or as many tokens of this minute,
    /// as they may.
    func nextInQueue(except closedPools: [String], at now: Instant) -> Job? {
        var next: (time: Double, number: UInt64, id: JobID)?
        for (pool, heads) in queues where !closedPools.contains(pool) {
            for (owner, queue) in heads where owners.mayRun(owner, at: now) {
                guard let id = queue.first(where: mayTakeUp), let number = jobs.read(id, { $0.number }) else {
                    continue
                }
                let time = owners.virtualTime(of: owner)
                if next.map({ (time, number) < ($0.time, $0.number) }) ?? true { next = (time, number, id) }
            }
        }
        return next.flatMap { jobs[$0.id] }
    }

    private mutating func leaveQueue(_ job: Job) {
        let (pool, owner) = (job.submit.pool, job.owner.name)
        queues[pool]?[owner]?.removeAll { $0 == job.id }
        if queues[pool]?[owner]?.isEmpty == true { queues[pool]?.removeValue(forKey: owner) }
        if queues[pool]?.isEmpty == true { queues.removeValue(forKey: pool) }
    }

    /// A job's rounds run from now on, the first of them as soon as it can.
    mutating func begin(_ id: JobID, _ sequence: ActiveSequence, at now: Instant) {
        guard let job = jobs[id] else { return }
        leaveQueue(job)
        owners.begin(promptTokens: sequence.spec.promptLength, of: job.owner.name, at: now)
        change(id) { $0.begin(sequence) }
        running.append(id)
        waiting.append(id)
    }

    // MARK: Flight

    /// Whether a job need not wait for another one that may crash the coordinator.
    func mayTakeUp(_ id: JobID) -> Bool {
        guard let trial, trial.id != id else { return true }
        return jobs.read(id) { !$0.isSuspect } ?? true
    }

    /// A job is in flight, by a record of the journal.
    mutating func takeUp(_ id: JobID, record: UInt64) {
        change(id) { $0.takeUp(record: record) }
        if jobs.read(id, { $0.isSuspect }) == true { trial = Trial(id: id) }
    }

    /// A job is not in flight any more.
    mutating func putDown(_ id: JobID) {
        change(id) { $0.putDown() }
        if trial?.id == id { trial = nil }
    }

    /// A round of a job was committed. True where it is on trial and has made its `rounds`, and others wait for that.
    mutating func countRound(of id: JobID, outOf rounds: Int) -> Bool {
        guard trial?.id == id else { return false }
        trial?.rounds += 1
        return (trial?.rounds ?? 0) >= rounds && values.contains { $0.isSuspect && $0.id != id }
    }

    /// The job on trial goes on, and is no suspect any more.
    mutating func acquit(_ id: JobID) {
        change(id) { $0.acquit() }
        if trial?.id == id { trial = nil }
    }

    // MARK: Turns

    /// A job whose rounds run wants to take its next step, behind those that want to already.
    mutating func wait(_ id: JobID) { waiting.append(id) }

    /// Those that want to go on: the owner's first who had least for its weight, and of one owner the one that waits
    /// longest. Who cannot go on yet has to ``wait(_:)`` again.
    mutating func takeTurns() -> [JobID] {
        defer { waiting = [] }
        guard waiting.count > 1, owners.areSeveral else { return waiting }
        let turns = waiting.enumerated().map { place, id in
            (time: jobs.read(id) { owners.virtualTime(of: $0.owner.name) } ?? 0, place: place, id: id)
        }
        // Where somebody waits for a place, the clock is the time of whoever gets the next.
        if queues.isEmpty, let first = turns.map(\.time).min() { owners.advanceClock(to: first) }
        return turns.sorted { ($0.time, $0.place) < ($1.time, $1.place) }.map(\.id)
    }

    // MARK: Owners

    /// What an owner may take, from now on.
    mutating func setLimits(_ limits: OwnerLimits, of owner: String) { owners.set(limits, of: owner) }

    /// A round of a job was committed.
    mutating func charge(_ tokens: Int, isDrafted: Bool, to id: JobID, at now: Instant) {
        guard let owner = jobs.read(id, { $0.owner.name }) else { return }
        owners.charge(tokens, isDrafted: isDrafted, to: owner, at: now)
    }

    /// Forgets owners without jobs until there are no more than `most`.
    mutating func forgetOwners(beyond most: Int) { owners.forget(beyond: most) }

    // MARK: Watchers

    /// A client follows a job from now on, or from another place than before. True where it did not before.
    @discardableResult mutating func follow(_ id: JobID, _ watcher: Watcher) -> Bool {
        let isNew = change(id) { $0.follow(watcher) } ?? false
        if isNew { watcherCount += 1 }
        return isNew
    }

    /// A client follows a job no more. True where it did.
    mutating func unfollow(_ id: JobID, _ peer: PeerID) -> Bool {
        let hasFollowed = change(id) { $0.unfollow(peer) } ?? false
        if hasFollowed { watcherCount -= 1 }
        return hasFollowed
    }

    // MARK: Invariants

    /// What is wrong with its state; nil as long as what is counted and listed of jobs is what there is.
    var brokenInvariant: String? {
        var (bytes, watchers) = (0, 0)
        var loads: [String: [Int]] = [:]
        var (queued, started) = (0, 0)
        for job in jobs.values {
            bytes += job.bytes
            let load = [1, job.isRunning ? 1 : 0, job.bytes]
            loads[job.owner.name] = zip(loads[job.owner.name] ?? [0, 0, 0], load).map(+)
            watchers += job.watchers.count
            switch job.stage {
            case .awaitingVocabulary, .tokenizing: break
            case .awaitingRoom: queued += 1
            case .running: started += 1
            }
            if self.job(of: job.owner, key: job.submit.submitKey) != job.id {
                return "job \(job.id) is not found by its key"
            }
            if case .open = job.flight, job.isSuspect, trial?.id != job.id {
                return "job \(job.id) is in flight beside the one on trial"
            }
            if job.isRunning != (job.sequence != nil) { return "job \(job.id) has a sequence and does not run" }
        }
        if bytes != self.bytes { return "\(self.bytes) bytes of jobs are counted, there are \(bytes)" }
        for (name, owner) in owners.elements
        where [owner.jobs, owner.running, owner.bytes] != loads[name] ?? [0, 0, 0] {
            return "owner \(name): \(owner) is counted, there are \(loads[name] ?? [])"
        }
        let crashed = values.count { $0.crashes > 0 }
        if crashed != crashedCount { return "\(crashedCount) jobs are counted that crashed, there are \(crashed)" }
        if watchers != watcherCount { return "\(watcherCount) watchers are counted, there are \(watchers)" }
        let lists = [
            (
                "in the queue", queued,
                queues.values.flatMap(\.values).flatMap(\.self).filter { jobs[$0]?.isRunning == false }
            ),
            ("running", started, running.filter { jobs[$0]?.isRunning == true }),
        ]
        for (words, count, listed) in lists where count != listed.count || Set(listed).count != count {
            return "\(count) jobs are \(words), listed are \(listed)"
        }
        if let trial, jobs.read(trial.id, { $0.flight }).map({ $0 == .notInFlight || $0 == .acquitted }) ?? true {
            return "job \(trial.id) is on trial and not in flight"
        }
        if let lost = waiting.first(where: { !running.contains($0) }) {
            return "job \(lost) is to go on and does not run"
        }
        return nil
    }
}
