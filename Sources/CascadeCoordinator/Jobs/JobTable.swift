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
    /// Those that wait for room at an expert, by pool and owner.
    private var queues: OrderedDictionary<String, OrderedDictionary<String, Queue>> = [:]
    /// Those that have deadlines, the earliest first.
    private var deadlines: [(at: Instant, id: JobID)] = []
    /// Those with rounds running, in order of admission.
    private(set) var running: [JobID] = []
    /// Those of them that want to go on, longest waiting first.
    private(set) var waiting: [JobID] = []

    /// Jobs that clients follow pass older ones so often in a row; the next place is the oldest one's, so that no job
    /// waits for ever.
    static let mostPasses = 3

    /// One owner's jobs of one pool that wait for room.
    private struct Queue {
        /// The most urgent first, and of those the oldest.
        var ids: [JobID] = []
        /// How often in a row a place went to another than the first of them.
        var passes = 0
    }

    /// Those that were in flight at a crash.
    private(set) var crashedCount = 0
    /// Those of them that may be what crashed earlier coordinators (decisions.md 26).
    private(set) var suspectCount = 0
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
        if job.crashes > 0 { crashedCount += 1 }
        if job.isSuspect { suspectCount += 1 }
        owners.add(bytes: job.bytes, to: job.owner.name)
        noteKey(job.submit.submitKey, of: job.owner, job.id)
        guard let deadline = job.deadline else { return }
        let later = deadlines.firstIndex { deadline < $0.at }
        deadlines.insert((deadline, job.id), at: later ?? deadlines.endIndex)
    }

    /// A job has ended: nobody waits or is counted for it any more. Its submit key stays known.
    mutating func remove(_ id: JobID) {
        guard let job = jobs.removeValue(forKey: id) else { return }
        bytes -= job.bytes
        if job.crashes > 0 { crashedCount -= 1 }
        if job.isSuspect { suspectCount -= 1 }
        owners.remove(bytes: job.bytes, isRunning: job.isRunning, from: job.owner.name)
        watcherCount -= job.watchers.count
        leaveQueue(job)
        if job.deadline != nil { deadlines.removeAll { $0.id == id } }
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
        var queue = queues[job.submit.pool]?[job.owner.name] ?? Queue()
        let later = queue.ids.firstIndex { other in
            jobs.read(other) { other in
                (job.submit.priority, other.number) > (other.submit.priority, job.number)
            } ?? false
        }
        queue.ids.insert(id, at: later ?? queue.ids.endIndex)
        queues[job.submit.pool, default: [:]][job.owner.name] = queue
    }

    /// The job that is to get room next: of the owner who had least for its weight, the most urgent, and of those the
    /// oldest. None of some pools, nor of owners who have as many sequences at work, or as many tokens of this minute,
    /// as they may.
    ///
    /// - Parameter interactiveFirst: whether jobs that a client follows go before others of their owner and priority.
    ///   Whose turn it is among owners does not depend on it.
    func nextInQueue(except closedPools: [String], at now: Instant, interactiveFirst: Bool = false) -> Job? {
        var next: (time: Double, number: UInt64, queue: Queue)?
        for (pool, heads) in queues where !closedPools.contains(pool) {
            for (owner, queue) in heads where owners.mayRun(owner, at: now) {
                guard let id = queue.ids.first(where: mayTakeUp), let number = jobs.read(id, { $0.number }) else {
                    continue
                }
                let time = owners.virtualTime(of: owner)
                if next.map({ (time, number) < ($0.time, $0.number) }) ?? true { next = (time, number, queue) }
            }
        }
        guard let queue = next?.queue, let head = queue.ids.first(where: mayTakeUp) else { return nil }
        return jobs[interactiveFirst ? firstFollowed(in: queue) ?? head : head]
    }

    /// The first of a queue's most urgent jobs that a client follows; nil where there is none, or where the first one
    /// has been passed often enough.
    private func firstFollowed(in queue: Queue) -> JobID? {
        guard let head = queue.ids.first(where: mayTakeUp), queue.passes < Self.mostPasses else { return nil }
        let priority = jobs.read(head) { $0.submit.priority }
        return queue.ids.first { id in
            mayTakeUp(id) && jobs.read(id) { $0.submit.priority == priority && !$0.watchers.isEmpty } == true
        }
    }

    /// Those that get room before a job that came now, in their order: of its owner and pool, all that are at least as
    /// urgent, or only those that a client follows.
    func ahead(of submit: Submit, owner: String, interactiveFirst: Bool) -> [JobID] {
        let passes = interactiveFirst && submit.follow
        return (queues[submit.pool]?[owner]?.ids ?? []).filter { id in
            jobs.read(id) { other in
                let isPassed = passes && other.submit.priority == submit.priority && other.watchers.isEmpty
                return other.submit.priority >= submit.priority && !isPassed
            } ?? false
        }
    }

    /// Owners of whom a job waits for room, in some pool, and for nothing else.
    var waitingOwners: [String] {
        queues.values.flatMap { $0.filter { _, queue in queue.ids.contains(where: mayTakeUp) }.map(\.key) }
    }

    private mutating func leaveQueue(_ job: Job) {
        let (pool, owner) = (job.submit.pool, job.owner.name)
        queues[pool]?[owner]?.ids.removeAll { $0 == job.id }
        if queues[pool]?[owner]?.ids.isEmpty == true { queues[pool]?.removeValue(forKey: owner) }
        if queues[pool]?.isEmpty == true { queues.removeValue(forKey: pool) }
    }

    /// A job's rounds run from now on, the first of them as soon as it can. True where it passed others that came
    /// before it.
    @discardableResult mutating func begin(_ id: JobID, _ sequence: ActiveSequence, at now: Instant) -> Bool {
        guard let job = jobs[id] else { return false }
        let queue = queues[job.submit.pool]?[job.owner.name]
        let isPassing = queue?.ids.first(where: mayTakeUp) != id
        queues[job.submit.pool]?[job.owner.name]?.passes = isPassing ? (queue?.passes ?? 0) + 1 : 0
        leaveQueue(job)
        owners.begin(promptTokens: sequence.spec.promptLength, of: job.owner.name, at: now)
        change(id) { $0.begin(sequence) }
        running.append(id)
        waiting.append(id)
        return isPassing
    }

    // MARK: Deadlines

    /// The earliest deadline, and whose it is; nil where no job has one.
    var nextDeadline: (at: Instant, id: JobID)? { deadlines.first }

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
        return (trial?.rounds ?? 0) >= rounds && suspectCount > 1
    }

    /// The job on trial goes on, and is no suspect any more.
    mutating func acquit(_ id: JobID) {
        if jobs.read(id, { $0.isSuspect }) == true { suspectCount -= 1 }
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
        var loads: [String: OwnerLoad] = [:]
        var (queued, started) = (0, 0)
        var (crashed, suspects) = (0, 0)
        var broken: String?
        jobs.forEach { id, job in
            bytes += job.bytes
            loads[job.owner.name, default: OwnerLoad()].add(bytes: job.bytes, isRunning: job.isRunning)
            watchers += job.watchers.count
            if job.crashes > 0 { crashed += 1 }
            if job.isSuspect { suspects += 1 }
            switch job.stage {
            case .awaitingVocabulary, .tokenizing: break
            case .awaitingRoom: queued += 1
            case .running: started += 1
            }
            if self.job(of: job.owner, key: job.submit.submitKey) != id { broken = "job \(id) is not found by its key" }
            if case .open = job.flight, job.isSuspect, trial?.id != id {
                broken = "job \(id) is in flight beside the one on trial"
            }
            if job.isRunning != job.hasSequence { broken = "job \(id) has a sequence and does not run" }
        }
        if let broken { return broken }
        if bytes != self.bytes { return "\(self.bytes) bytes of jobs are counted, there are \(bytes)" }
        for (name, owner) in owners.elements where OwnerLoad(owner) != loads[name] ?? OwnerLoad() {
            return "owner \(name): \(owner) is counted, there are \(loads[name] ?? OwnerLoad())"
        }
        if suspects != suspectCount { return "\(suspectCount) suspects are counted, there are \(suspects)" }
        if crashed != crashedCount { return "\(crashedCount) jobs are counted that crashed, there are \(crashed)" }
        if watchers != watcherCount { return "\(watcherCount) watchers are counted, there are \(watchers)" }
        let lists = [
            (
                "in the queue", queued,
                queues.values.flatMap(\.values).flatMap(\.ids).filter { jobs.read($0) { $0.isRunning } == false }
            ),
            ("running", started, running.filter { jobs.read($0) { $0.isRunning } == true }),
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
        return brokenDeadlines
    }

    private var brokenDeadlines: String? {
        let bounded = jobs.values.filter { $0.deadline != nil }
        if bounded.count != deadlines.count {
            return "\(bounded.count) jobs have deadlines, listed are \(deadlines.count)"
        }
        if let wrong = deadlines.first(where: { jobs[$0.id]?.deadline != $0.at }) {
            return "job \(wrong.id) is listed with another deadline than its own"
        }
        if !zip(deadlines, deadlines.dropFirst()).allSatisfy({ $0.at <= $1.at }) { return "deadlines are out of order" }
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
