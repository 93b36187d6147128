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
        /// Jobs that died with a coordinator and were submitted again.
        var lost = 0
        /// Clients that were killed; their jobs were submitted again.
        var killed = 0
        /// What must not be.
        var problems: [String] = []

        var count: Int { done.values.reduce(0, +) }

        mutating func add(_ other: Self) {
            done.merge(other.done, uniquingKeysWith: +)
            accepted += other.accepted
            lost += other.lost
            killed += other.killed
            problems += other.problems
        }
    }

    private struct State {
        var outcome = Outcome()
        /// By client: the command that runs, counted, or nil.
        var running: [Int: Int] = [:]
        var commands = 0
        var isOver = false
        var hasFixedLength = false
    }

    private let cluster: SurvivalCluster
    private let jobs: [SurvivalJob]
    private let fixedLength: [SurvivalJob]
    private let clients: Int
    private let seed: UInt64
    private let state = Mutex(State())
    private let loops = Mutex<[Task<Void, Never>]>([])

    /// Seconds that a client waits for a coordinator that says nothing: longer than any fault.
    static let patience = 240

    /// - Parameter fixedLength: jobs that take turns with the others where ``allowFixedLength(_:)`` lets them.
    init(_ cluster: SurvivalCluster, jobs: [SurvivalJob], fixedLength: [SurvivalJob] = [], clients: Int, seed: UInt64) {
        (self.cluster, self.jobs, self.fixedLength, self.clients, self.seed) = (
            cluster, jobs, fixedLength, clients, seed
        )
    }

    /// Starts the clients; each runs `rounds` jobs, or goes on until ``finish()``.
    func start(rounds: Int? = nil) {
        for client in 0..<clients {
            let task = Task { [self] in
                var draws = SeededGenerator(seed: seed &+ UInt64(client))
                var left = rounds ?? .max
                while left > 0, rounds != nil || !state.withLock({ $0.isOver }) {
                    let hasFixedLength = state.withLock { $0.hasFixedLength }
                    let isFixed = hasFixedLength && Bool.random(using: &draws)
                    let choices = isFixed ? fixedLength : jobs
                    guard let job = choices.randomElement(using: &draws) else { return }
                    await run(job, client)
                    left -= 1
                }
            }
            loops.withLock { $0.append(task) }
        }
    }

    /// Waits for the commands that run, and for no others where clients go on by themselves.
    func finish() async -> Outcome {
        state.withLock { $0.isOver = true }
        for loop in loops.withLock({ $0 }) { await loop.value }
        return outcome
    }

    var outcome: Outcome { state.withLock { $0.outcome } }

    /// Whether jobs of rejection sampling with a fixed length are submitted as well; when they are not any more, the last of
    /// them has ended.
    func allowFixedLength(_ isAllowed: Bool) async throws {
        state.withLock { $0.hasFixedLength = isAllowed }
        if !isAllowed { try await settle() }
    }

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
                    || state.withLock { $0.running[client] == nil && $0.outcome.count > 0 }
            }
        }
    }

    /// Bytes that every client has been told so far.
    func told() throws -> [Int] { try (0..<clients).map { try cluster.link(.client($0)).bytes(.toClient) } }

    private func report(_ problem: String) {
        state.withLock { $0.outcome.problems.append(problem) }
    }

    /// Runs a job to its end, again where its coordinator or its client was lost.
    private func run(_ job: SurvivalJob, _ client: Int) async {
        while true {
            let losses = cluster.losses
            let result: CascadeProcess.Result
            do {
                let command = job.command + ["--timeout", "\(Self.patience)"]
                let process = try cluster.startClient(client, command)
                state.withLock { state in
                    state.commands += 1
                    state.running[client] = state.commands
                }
                result = await process.result()
            } catch {
                return report("\(error)")
            }
            _ = state.withLock { $0.running.removeValue(forKey: client) }
            switch result.code {
            case 0: return take(result, job, client)
            case 4 where cluster.losses > losses && result.errors.contains("lost with an earlier coordinator"):
                state.withLock { $0.outcome.lost += 1 }
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
