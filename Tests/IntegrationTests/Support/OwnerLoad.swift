import CascadeClient
import CascadeCore
import CascadeHost
import CascadeKeys
import CascadeNode
import Synchronization

/// What several owners' clients have had of a cluster, together.
final class OwnerTally: Sendable {
    /// What it knows at a moment.
    struct State: Sendable {
        /// Jobs that were begun, of `total`.
        var begun = 0
        /// Jobs that have ended, by owner.
        var ended: [String: Int] = [:]
        /// Tokens of prompts and answers of those jobs, by owner.
        var tokens: [String: Int] = [:]
        /// The same at the first job that was late enough, and when the last job was begun: in between, all owners had
        /// jobs that waited.
        var tokensAtStart: [String: Int] = [:]
        var tokensAtEnd: [String: Int] = [:]
        /// Ids that jobs were given.
        var ids: Set<JobID> = []
        /// What must not be.
        var problems: [String] = []

        var endedCount: Int { ended.values.reduce(0, +) }
    }

    /// Jobs in all.
    let total: Int
    /// Jobs behind which shares are counted: by then all owners are there.
    private let early: Int
    private let state = Mutex(State())

    init(total: Int) {
        self.total = total
        early = total / 10
    }

    var now: State { state.withLock { $0 } }
    var hasProblems: Bool { state.withLock { !$0.problems.isEmpty } }

    /// The next job's number; nil where all were begun.
    func begin() -> Int? {
        state.withLock { state in
            guard state.begun < total else { return nil }
            state.begun += 1
            if state.begun == total { state.tokensAtEnd = state.tokens }
            return state.begun - 1
        }
    }

    func end(_ report: JobReport, of owner: String, problem: String?) {
        state.withLock { state in
            state.ended[owner, default: 0] += 1
            state.tokens[owner, default: 0] += Int(report.promptTokens) + report.tokens.count
            if state.endedCount == early { state.tokensAtStart = state.tokens }
            if !state.ids.insert(report.job).inserted { state.problems.append("job \(report.job) ended twice") }
            if let problem { state.problems.append("\(owner), job \(report.job): \(problem)") }
        }
    }

    func report(_ problem: String) { state.withLock { $0.problems.append(problem) } }
}

/// One owner's client: keeps jobs in flight over one connection, whatever becomes of the coordinator, until all jobs of
/// the tally are begun, and compares each answer with the one that was promised.
struct OwnerLoad {
    /// A prompt, and the expert's own answer.
    struct Case: Sendable {
        var prompt: String
        var tokens: [Token]
    }

    private struct Running {
        let submit: Submit
        let answer: [Token]
        /// When it is submitted again, where the cluster had no room for it.
        var retryAt: Instant?
    }

    /// Seconds that a client waits for a coordinator.
    private static let patience = 240.0

    private let owner: String
    private let client: ClusterClient
    private let cases: [Case]
    private let tally: OwnerTally
    private var followers = JobFollowers()
    private var running: [UInt64: Running] = [:]

    init(_ owner: String, endpoint: String, key: String, cases: [Case], tally: OwnerTally) throws {
        (self.owner, self.cases, self.tally) = (owner, cases, tally)
        client = try ClusterClient(endpoint: endpoint, key: try ConnectionKey(path: key))
    }

    /// Runs until all of its jobs have ended.
    mutating func run(inFlight: Int) async {
        for _ in 0..<inFlight { begin() }
        for await event in client.events {
            let now = MonotonicClock.now()
            switch event {
            case .message(let message): perform(followers.handle(.message(message), at: now))
            case .tick: tick(at: now)
            case .connected: perform(followers.handle(.connected, at: now))
            case .disconnected: perform(followers.handle(.disconnected, at: now))
            case .locked(let problem), .unreadable(let problem):
                tally.report("\(owner): \(problem)")
                running = [:]
            case .interrupted: break
            }
            if running.isEmpty || tally.hasProblems { break }
        }
        await client.close()
    }

    private mutating func begin() {
        guard let number = tally.begin() else { return }
        let one = cases[number % cases.count]
        let submit = Submit.greedy(one.prompt, maxTokens: UInt32(one.tokens.count), requestID: UInt64(number + 1) << 32)
        submitJob(Running(submit: submit, answer: one.tokens))
    }

    private mutating func submitJob(_ job: Running) {
        running[job.submit.requestID] = job
        perform(followers.submit(job.submit, patience: Self.patience, at: MonotonicClock.now()))
    }

    private mutating func tick(at now: Instant) {
        perform(followers.handle(.tick, at: now))
        for job in running.values {
            guard let retryAt = job.retryAt, now >= retryAt else { continue }
            submitJob(Running(submit: job.submit, answer: job.answer))
        }
    }

    private mutating func perform(_ steps: [JobFollowers.Step]) {
        for step in steps { perform(step.action, step.id) }
    }

    private mutating func perform(_ action: JobFollower.Action, _ id: UInt64) {
        switch action {
        case .send(let message): client.send(message)
        case .end(.report(let report)): end(report, id)
        case .end(.refused(let refused)) where [.overloaded, .shuttingDown, .notReady].contains(refused.code):
            let pause = UInt64(max(100, refused.retryAfterMilliseconds))
            running[id]?.retryAt = MonotonicClock.now().advanced(milliseconds: pause)
        case .end(let ending):
            tally.report("\(owner): a job ended as \(ending)")
            running[id] = nil
        case .stream, .accepted, .waiting, .reading, .unreachable, .reachable: break
        }
    }

    private mutating func end(_ report: JobReport, _ id: UInt64) {
        guard let job = running.removeValue(forKey: id) else { return }
        let isPromised = report.error == nil && report.tokens == job.answer
        let problem = isPromised ? nil : "\(report.tokens) instead of \(job.answer), \(report.error?.message ?? "")"
        tally.end(report, of: owner, problem: problem)
        begin()
    }
}
