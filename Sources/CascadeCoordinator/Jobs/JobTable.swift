import CascadeCore
import OrderedCollections

/// The jobs that have not ended, and which of them wait for what: for room at an expert, or for their next step.
///
/// Whatever is counted or listed of jobs is changed with them, so that it cannot differ from what there is.
struct JobTable: Sendable {
    private var jobs = InPlaceTable<JobID, Job>()
    /// Bytes of their submissions.
    private(set) var bytes = 0
    /// Clients that follow them.
    private(set) var watcherCount = 0
    /// Jobs by submit key, active and finished; for look-up only: it is never iterated.
    private var submissions: [Hash128: JobID] = [:]
    /// Those that wait for room at an expert, by pool, oldest first.
    private var queues: OrderedDictionary<String, [JobID]> = [:]
    /// Those with rounds running, in order of admission.
    private(set) var running: [JobID] = []
    /// Those of them that want to go on, longest waiting first.
    private(set) var waiting: [JobID] = []

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
        submissions[job.submit.submitKey] = job.id
    }

    /// A job has ended: nobody waits or is counted for it any more. Its submit key stays known.
    mutating func remove(_ id: JobID) {
        guard let job = jobs.removeValue(forKey: id) else { return }
        bytes -= job.bytes
        watcherCount -= job.watchers.count
        leaveQueue(job)
        running.removeAll { $0 == id }
        waiting.removeAll { $0 == id }
    }

    /// The job that a submit key stands for, whether it has ended or not.
    func job(ofKey key: Hash128) -> JobID? { submissions[key] }

    /// A job that had ended can still be asked for by its key.
    mutating func noteEnded(_ id: JobID, key: Hash128) { submissions[key] = id }

    /// A job that has ended cannot be asked for any more.
    mutating func forget(key: Hash128) { submissions[key] = nil }

    // MARK: Room

    /// A job's prompt has become tokens: it waits for room, by age, as prompts need not become tokens in the order they
    /// came.
    mutating func enqueue(_ id: JobID, prompt: [Token]) {
        guard let (pool, number) = jobs[id].map({ ($0.submit.pool, $0.number) }) else { return }
        change(id) { $0.awaitRoom(prompt: prompt) }
        var queue = queues[pool] ?? []
        let younger = queue.firstIndex { other in jobs[other].map { $0.number > number } ?? false }
        queue.insert(id, at: younger ?? queue.endIndex)
        queues[pool] = queue
    }

    /// The oldest job of each pool that waits for room, but of some pools.
    func oldestInQueue(except closedPools: [String]) -> Job? {
        let heads = queues.compactMap { closedPools.contains($0.key) ? nil : $0.value.first.flatMap { jobs[$0] } }
        return heads.min { $0.number < $1.number }
    }

    private mutating func leaveQueue(_ job: Job) {
        let pool = job.submit.pool
        guard var queue = queues[pool] else { return }
        queue.removeAll { $0 == job.id }
        queues[pool] = queue.isEmpty ? nil : queue
    }

    /// A job's rounds run from now on, the first of them as soon as it can.
    mutating func begin(_ id: JobID, _ sequence: ActiveSequence) {
        guard let job = jobs[id] else { return }
        leaveQueue(job)
        change(id) { $0.begin(sequence) }
        running.append(id)
        waiting.append(id)
    }

    // MARK: Turns

    /// A job whose rounds run wants to take its next step, behind those that want to already.
    mutating func wait(_ id: JobID) { waiting.append(id) }

    /// Those that want to go on, longest waiting first; who cannot yet has to ``wait(_:)`` again.
    mutating func takeTurns() -> [JobID] {
        defer { waiting = [] }
        return waiting
    }

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
        var (queued, started) = (0, 0)
        for job in jobs.values {
            bytes += job.bytes
            watchers += job.watchers.count
            switch job.stage {
            case .awaitingVocabulary, .tokenizing: break
            case .awaitingRoom: queued += 1
            case .running: started += 1
            }
            if submissions[job.submit.submitKey] != job.id { return "job \(job.id) is not found by its key" }
            if job.isRunning != (job.sequence != nil) { return "job \(job.id) has a sequence and does not run" }
        }
        if bytes != self.bytes { return "\(self.bytes) bytes of jobs are counted, there are \(bytes)" }
        if watchers != watcherCount { return "\(watcherCount) watchers are counted, there are \(watchers)" }
        let lists = [
            ("in the queue", queued, queues.values.flatMap(\.self).filter { jobs[$0]?.isRunning == false }),
            ("running", started, running.filter { jobs[$0]?.isRunning == true }),
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
