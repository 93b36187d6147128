import CascadeTestSupport
import Foundation
import Testing

/// A seed's faults, one after the other, beside clients that never stop; behind each of them everything that ran must
/// end and the cluster must be whole.
final class SurvivalRun {
    private let cluster: SurvivalCluster
    private let seed: UInt64
    private let clients: Int
    private let scope: FaultSchedule.Scope
    private var schedule: FaultSchedule
    private var load: SurvivalLoad?
    private let started: ContinuousClock.Instant

    init(
        _ cluster: SurvivalCluster,
        seed: UInt64,
        clients: Int,
        pause: ClosedRange<Double>,
        longest: Double,
        scope: FaultSchedule.Scope = .everything,
        started: ContinuousClock.Instant = .now
    ) {
        self.started = started
        (self.cluster, self.seed, self.clients, self.scope) = (cluster, seed, clients, scope)
        schedule = FaultSchedule(seed: seed, scope: scope, clients: clients, pause: pause, longest: longest)
    }

    /// What the clients have seen so far.
    var outcome: SurvivalLoad.Outcome { load?.outcome ?? SurvivalLoad.Outcome() }

    /// Seconds since the start.
    var seconds: Double { started.duration(to: .now) / .seconds(1) }

    /// Starts the clients.
    func begin() async throws {
        // Without anything that takes a draft away, rejection sampling is held to its bytes too.
        let fixed = scope == .expertsOnly ? try await SurvivalJob.fixedLength(cluster) : []
        let all = try await SurvivalJob.all()
        // As many of the one as of the other.
        let repeated = fixed.isEmpty ? [] : (0..<all.count).map { fixed[$0 % fixed.count] }
        let load = SurvivalLoad(cluster, jobs: all + repeated, clients: clients, seed: seed)
        load.start()
        self.load = load
    }

    /// These do not die any more.
    func spare(_ members: Set<Member>) { schedule.immortal = members }

    private func wait(_ length: Double, while isWanted: () -> Bool) async throws -> Bool {
        let end = seconds + length
        while seconds < end {
            guard isWanted() else { return false }
            try await Task.sleep(for: .seconds(min(0.1, max(0, end - seconds))))
        }
        return true
    }

    /// Lets the seed's next fault happen; a line about it. `isWanted` is asked all the time whether to go on: nil where
    /// it is not before the fault, which ends early where it is not any more.
    func step(while isWanted: () -> Bool = { true }) async throws -> String? {
        guard let entry = schedule.next() else { return nil }
        guard try await wait(entry.pause, while: isWanted) else { return nil }
        let begin = seconds
        try await cluster.with(entry.fault) { _ = try await wait(entry.seconds, while: isWanted) }
        let end = seconds
        try await cluster.waitUntilWhole()
        try await load?.settle()
        let numbers = [begin, end - begin, seconds - end].map { String(format: "%.1f", $0) }
        return """
            \(numbers[0]) s: \(entry.fault) for \(numbers[1]) s; whole, and all that ran answered, \(numbers[2]) s later
            """
    }

    /// Lets so many happen, and waits for the clients; a line about each. What was not as promised fails the test.
    func perform(faults: Int) async throws -> [String] {
        try await begin()
        var lines = ["seed \(seed)"]
        do {
            for _ in 0..<faults { lines += try await step().map { [$0] } ?? [] }
        } catch {
            await abandon()
            throw error
        }
        let outcome = await finish()
        lines.append("\(outcome.count) answers as promised: \(outcome.done)")
        #expect(outcome.problems.isEmpty, "seed \(seed): \(outcome.problems)")
        #expect(outcome.count > 0 && outcome.accepted > 0)
        return lines
    }

    /// Ends the clients at once.
    func abandon() async { await load?.abandon() }

    /// Lets the clients end what they have begun.
    func finish() async -> SurvivalLoad.Outcome { await load?.finish() ?? SurvivalLoad.Outcome() }
}
