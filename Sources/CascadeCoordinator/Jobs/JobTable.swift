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

    /// Looks at all jobs where they are, oldest first.
    @inline(__always) func forEach(_ body: (borrowing Job) -> Void) { jobs.forEach { _, job in body(job) } }

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
        owners.add(bytes: job.bytes, to: job.owner.name)
        noteKey(job.submit.submitKey, of: job.owner, job.id)
    }

    /// A job has ended: nobody waits or is counted for it any more. Its submit key stays known.
    mutating func remove(_ id: JobID) {
        guard let job = jobs.removeValue(forKey: id) else { return }
        bytes -= job.bytes
        owners.remove(bytes: job.bytes, isRunning: job.isRunning, from: job.owner.name)
        watcherCount -= job.watchers.count
        leaveQueue(job)
        running.removeAll { $0 == id }
        waiting.removeAll { $0 == id }
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
                guard let id = queue.first, let number = jobs.read(id, { $0.number }) else { continue }
                let time = owners.virtualTime(of: owner)
                if next.map({ (time, number) < ($0.time, $0.number) }) ?? true { next = (time, number, id) }
            }
        }
        return next.flatMap { jobs[$0.id] }
    }

    /// Owners of whom a job waits for room, in some pool.
    var waitingOwners: [String] { queues.values.flatMap(\.keys) }

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
        var loads: [String: OwnerLoad] = [:]
        var (queued, started) = (0, 0)
        var broken: String?
        jobs.forEach { id, job in
            bytes += job.bytes
            loads[job.owner.name, default: OwnerLoad()].add(bytes: job.bytes, isRunning: job.isRunning)
            watchers += job.watchers.count
            switch job.stage {
            case .awaitingVocabulary, .tokenizing: break
            case .awaitingRoom: queued += 1
            case .running: started += 1
            }
            if self.job(of: job.owner, key: job.submit.submitKey) != id { broken = "job \(id) is not found by its key" }
            if job.isRunning != job.hasSequence { broken = "job \(id) has a sequence and does not run" }
        }
        if let broken { return broken }
        if bytes != self.bytes { return "\(self.bytes) bytes of jobs are counted, there are \(bytes)" }
        for (name, owner) in owners.elements where OwnerLoad(owner) != loads[name] ?? OwnerLoad() {
            return "owner \(name): \(owner) is counted, there are \(loads[name] ?? OwnerLoad())"
        }
        if watchers != watcherCount { return "\(watcherCount) watchers are counted, there are \(watchers)" }
        let lists = [
            (
                "in the queue", queued,
                queues.values.flatMap(\.values).flatMap(\.self).filter { jobs.read($0) { $0.isRunning } == false }
            ),
            ("running", started, running.filter { jobs.read($0) { $0.isRunning } == true }),
        ]
        for (words, count, listed) in lists where count != listed.count || Set(listed).count != count {
            return "\(count) jobs are \(words), listed are \(listed)"
        }
        if let lost = waiting.first(where: { !running.contains($0) }) {
            return "job \(lost) is to go on and does not run"
        }
        return nil
    }
}

/// What an owner's jobs come to, as the jobs themselves say.
private struct OwnerLoad: Equatable {
    var jobs = 0
    var running = 0
    var bytes = 0

    init() {}

    init(_ owner: OwnerTable.Entry) { (jobs, running, bytes) = (owner.jobs, owner.running, owner.bytes) }

    mutating func add(bytes: Int, isRunning: Bool) {
        jobs += 1
        if isRunning { running += 1 }
        self.bytes += bytes
    }
}
