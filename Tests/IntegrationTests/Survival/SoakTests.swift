import CascadeEval
import CascadeHost
import CascadeTestSupport
import Dispatch
import Foundation
import Testing

/// `deploy/soak`: a seed's faults for as long as CASCADE_SOAK_SECONDS says.
@Suite(.serialized) struct SoakTests {
    private static let variables = ProcessInfo.processInfo.environment
    private static let seconds = variables["CASCADE_SOAK_SECONDS"].flatMap(Double.init)
    private static let seed = variables["CASCADE_SOAK_SEED"].flatMap(UInt64.init) ?? 1
    private static let clients = 4
    /// Faults at the start that may end any process. Then the coordinator and a node of each role live on, so that what
    /// they gain can be seen.
    private static let mortalFaults = 14
    /// Faults of experts alone, before all others.
    private static let expertFaults = 4
    private static let veterans: Set<Member> = [.coordinator, .firstDrafter, .firstExpert]

    /// What has come together so far.
    private struct Sum {
        var report = SoakReport()
        var faults = 0
        var outcome = SurvivalLoad.Outcome()
        var problems: [String] = []
        var nextLook = 0.0
        var nextTable = 0.0
    }

    @Test(.enabled(if: seconds != nil, "a long run, not a check: deploy/soak starts it"))
    func faultsForALongTime() async throws {
        let limit = try #require(Self.seconds)
        let cluster = try await SurvivalCluster(clients: Self.clients, seed: Self.seed)
        defer { cluster.close() }
        let interrupt = Interrupt { cluster.close() }
        let started = ContinuousClock.now
        say("seed \(Self.seed), \(Int(limit)) s, \(Self.clients) clients; Ctrl-C ends it with the verdict so far")
        var sum = Sum()
        // At first nothing that takes a draft away, so that rejection sampling can be held to its bytes too.
        for (scope, most) in [(FaultSchedule.Scope.expertsOnly, Self.expertFaults), (.everything, Int.max)] {
            let run = SurvivalRun(
                cluster,
                seed: Self.seed,
                clients: Self.clients,
                pause: 5...20,
                longest: 60,
                scope: scope,
                started: started
            )
            await perform(run, cluster, faults: most, &sum) { !interrupt.hasCome && run.seconds < limit }
        }
        do { sum.problems += try await cluster.audit() } catch { sum.problems.append("\(error)") }
        conclude(sum, seconds: started.duration(to: .now) / .seconds(1))
    }

    /// Faults of one kind for as long as they are wanted, and no longer than all goes well.
    private func perform(
        _ run: SurvivalRun,
        _ cluster: SurvivalCluster,
        faults: Int,
        _ sum: inout Sum,
        while isWanted: () -> Bool
    ) async {
        let before = sum.faults
        do {
            try await run.begin()
            while isWanted(), sum.faults - before < faults, run.outcome.problems.isEmpty, sum.problems.isEmpty {
                if sum.faults == Self.mortalFaults { run.spare(Self.veterans) }
                let line = try await run.step {
                    look(cluster, at: run.seconds, &sum)
                    return isWanted()
                }
                guard let line else { break }
                sum.faults += 1
                say(line)
            }
        } catch {
            sum.problems.append("\(error)")
            await run.abandon()
        }
        let outcome = await run.finish()
        sum.problems += outcome.problems
        sum.outcome.add(outcome)
        look(cluster, at: run.seconds, &sum)
    }

    /// Every few seconds a look at the processes, every thirty a table.
    private func look(_ cluster: SurvivalCluster, at seconds: Double, _ sum: inout Sum) {
        guard seconds >= sum.nextLook else { return }
        sum.nextLook = seconds + 5
        sum.report.add(cluster.samples(), at: seconds)
        guard seconds >= sum.nextTable else { return }
        sum.nextTable = seconds + 30
        say(sum.report.table)
    }

    private func conclude(_ sum: Sum, seconds: Double) {
        let (growth, outcome) = (sum.report.growth, sum.outcome)
        say(growth.lines.joined(separator: "\n"))
        let problems = sum.problems + growth.problems.map { "it grows: \($0)" }
        let kinds = outcome.done.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.key.rawValue) \($0.value)" }
        say(
            """
            \(Int(seconds)) s, seed \(Self.seed): \(sum.faults) faults, \(outcome.count) answers equal to the \
            fault-free ones (\(kinds.joined(separator: ", "))), \(outcome.accepted) drafted tokens accepted, \
            \(outcome.killed) clients killed
            """
        )
        for problem in problems { say("PROBLEM: \(problem)") }
        guard sum.faults > 0 || !problems.isEmpty else {
            say("verdict: none, as nothing went wrong in that time; --seconds 60 or more")
            Issue.record("no fault in \(Int(seconds)) s")
            return
        }
        say(problems.isEmpty ? "verdict: survived" : "verdict: FAILED")
        #expect(problems.isEmpty, "\(problems)")
        #expect(outcome.count > 0)
    }

    private func say(_ text: String) {
        print(text)
        fflush(nil)
    }

    /// Ctrl-C, once: a second one ends the process as ever, once what it has started is gone.
    private final class Interrupt {
        private let flag = RaisedFlag()
        private let source: any DispatchSourceSignal

        init(close: @escaping @Sendable () -> Void) {
            signal(SIGINT, SIG_IGN)
            source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
            source.setEventHandler { [flag] in
                guard flag.isRaised else { return flag.raise() }
                close()
                signal(SIGINT, SIG_DFL)
                raise(SIGINT)
            }
            source.resume()
        }

        deinit {
            source.cancel()
            signal(SIGINT, SIG_DFL)
        }

        var hasCome: Bool { flag.isRaised }
    }
}
