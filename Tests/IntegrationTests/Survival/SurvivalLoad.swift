import CascadeCore
import CascadeTestSupport
import Foundation
import Synchronization
import Testing

/// Clients of a ``SurvivalCluster`` that submit jobs and compare every token of the answers.
final class SurvivalLoad: Sendable {
    /// What came of it.
    struct Outcome: Sendable {
        /// Answers that were as promised, by guarantee.
        var done: [SurvivalJob.Guarantee: Int] = [:]
        /// Drafted tokens that were accepted in them.
        var accepted = 0
        /// Clients that were killed; their jobs were submitted again.
        var killed = 0
        /// What must not be.
        var problems: [String] = []

        var count: Int { done.values.reduce(0, +) }

        mutating func add(_ other: Self) {
            done.merge(other.done, uniquingKeysWith: +)
            accepted += other.accepted
            killed += other.killed
            problems += other.problems
        }
    }

    private struct State {
        var outcome = Outcome()
        /// By client: the command that runs, counted, or nil.
        var running: [Int: Int] = [:]
        var commands = 0
        /// No new jobs are submitted.
        var isOver = false
        /// Nor is one that was lost submitted again.
        var isAbandoned = false
    }

    private let cluster: SurvivalCluster
    private let jobs: [SurvivalJob]
    private let clients: Int
    private let seed: UInt64
    private let mayStall: Bool
    private let state = Mutex(State())
    private let loops = Mutex<[Task<Void, Never>]>([])

    /// Seconds that a client waits for a coordinator that says nothing: longer than any fault.
    static let patience = 240

    /// - Parameters:
    ///   - seed: which jobs, in which order.
    ///   - mayStall: whether the cluster may say that it is not well meanwhile.
    init(_ cluster: SurvivalCluster, jobs: [SurvivalJob], clients: Int, seed: UInt64, mayStall: Bool = false) {
        (self.cluster, self.jobs, self.clients, self.seed, self.mayStall) = (cluster, jobs, clients, seed, mayStall)
    }

    /// Runs the clients beside `body`, which begins when each has been told something; what came of all their jobs. One
    /// job follows the other, so whatever goes wrong meanwhile hits all clients, as good as always in the middle of an
    /// answer.
    func during(_ body: () async throws -> Void) async throws -> Outcome {
        do {
            let before = try told()
            start()
            try await waitUntilMidway(since: before)
            try await body()
        } catch {
            await abandon()
            throw error
        }
        return await finish()
    }

    /// Starts the clients, which go on until ``finish()``, and somebody who asks all the time whether the cluster is
    /// well.
    func start() {
        var tasks = (0..<clients).map { client in
            Task { [self] in
                var draws = SeededGenerator(seed: seed &+ UInt64(client))
                while !state.withLock({ $0.isOver }) {
                    // There is at least one.
                    await run(jobs.randomElement(using: &draws)!, client)
                }
            }
        }
        if !mayStall { tasks.append(Task { [self] in await watchHealth() }) }
        loops.withLock { $0 += tasks }
    }

    /// While jobs are pending and get on, the cluster must not call itself ill (I14).
    private func watchHealth() async {
        var answers = 0
        defer { if answers == 0 { report("the cluster never said how it is") } }
        while !state.withLock({ $0.isOver }) {
            let wasDisturbed = cluster.isDisturbed
            let status = try? await cluster.status(seconds: 2)
            if status != nil { answers += 1 }
            if let stall = status?.stall, !wasDisturbed, !cluster.isDisturbed {
                return report("the cluster calls itself ill: \(stall.note)")
            }
            try? await Task.sleep(for: .milliseconds(200))
        }
    }

    /// Waits for the commands that run; no others are started.
    func finish() async -> Outcome {
        state.withLock { $0.isOver = true }
        for loop in loops.withLock({ $0 }) { await loop.value }
        return outcome
    }

    /// Ends the clients at once, as the test has failed.
    func abandon() async {
        state.withLock { state in (state.isOver, state.isAbandoned) = (true, true) }
        for client in 0..<clients { cluster.runningClient(client)?.signal(SIGKILL) }
        _ = await finish()
    }

    var outcome: Outcome { state.withLock { $0.outcome } }

    /// Waits until every command that runs now has ended: everything is whole, so it must.
    func settle(seconds: Double = 60) async throws {
        let now = state.withLock { $0.running }
        let end = ContinuousClock.now + .seconds(seconds)
        func late() -> [Int] {
            state.withLock { state in now.filter { state.running[$0.key] == $0.value }.map(\.key).sorted() }
        }
        while !late().isEmpty {
            guard ContinuousClock.now < end else {
                return report("clients \(late()) have no answer \(seconds) s after everything was whole again")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Waits until every client's answer is under way, `bytes` of it through its link.
    func waitUntilMidway(bytes: Int = 600, since before: [Int]) async throws {
        try await waitUntil("all answers are under way", seconds: 60) {
            try (0..<clients).allSatisfy { client in
                try cluster.link(.client(client)).bytes(.toClient) - before[client] >= bytes
            }
        }
    }

    /// Bytes that every client has been told so far.
    func told() throws -> [Int] { try (0..<clients).map { try cluster.link(.client($0)).bytes(.toClient) } }

    private func report(_ problem: String) {
        state.withLock { $0.outcome.problems.append(problem) }
    }

    /// Runs a job to its end, again where its client was killed.
    private func run(_ job: SurvivalJob, _ client: Int) async {
        while true {
            let result: CascadeProcess.Result
            do {
                let command = job.command + ["--timeout", "\(Self.patience)"]
                let process = try cluster.startClient(client, command)
                let isLate = state.withLock { state in
                    state.commands += 1
                    state.running[client] = state.commands
                    return state.isAbandoned
                }
                if isLate { process.signal(SIGKILL) }
                result = await process.result()
            } catch {
                return report("\(error)")
            }
            let isAbandoned = state.withLock { state in
                state.running.removeValue(forKey: client)
                return state.isAbandoned
            }
            guard !isAbandoned else { return }
            switch result.code {
            case 0: return take(result, job, client)
            case -SIGKILL: state.withLock { $0.outcome.killed += 1 }
            default:
                return report(
                    "client \(client), \(job.command.joined(separator: " ")): \(result.code) \(result.errors)"
                )
            }
        }
    }

    private func take(_ result: CascadeProcess.Result, _ job: SurvivalJob, _ client: Int) {
        do {
            let answer = try Answer(result)
            if let problem = job.problem(of: answer) {
                return report("client \(client), \(job.command.joined(separator: " ")): \(problem)")
            }
            state.withLock { state in
                state.outcome.done[job.guarantee, default: 0] += 1
                state.outcome.accepted += answer.speculative_decoding.num_accepted_draft_tokens
            }
        } catch {
            report("\(error)")
        }
    }
}
