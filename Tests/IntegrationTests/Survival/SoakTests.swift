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
    /// Faults at the start that may end any process. Then the coordinator and a node of each role live on, so that what they
    /// gain can be seen.
    private static let mortalFaults = 12
    private static let veterans: Set<Member> = [.coordinator, .firstDrafter, .firstExpert]

    @Test(.enabled(if: seconds != nil, "a long run, not a check: deploy/soak starts it"))
    func faultsForALongTime() async throws {
        let limit = try #require(Self.seconds)
        let interrupt = Interrupt()
        let cluster = try await SurvivalCluster(clients: Self.clients, seed: Self.seed)
        let run = SurvivalRun(cluster, seed: Self.seed, clients: Self.clients, pause: 5...20, longest: 20)
        say("seed \(Self.seed), \(Int(limit)) s, \(Self.clients) clients; Ctrl-C ends it with the verdict so far")
        var report = SoakReport()
        var faults = 0
        var nextTable = 0.0
        var problems: [String] = []
        func look() {
            report.add(cluster.samples(), at: run.seconds)
            guard run.seconds >= nextTable else { return }
            nextTable = run.seconds + 30
            say(report.table)
        }
        do {
            try await run.begin()
            while run.seconds < limit, !interrupt.hasCome, run.outcome.problems.isEmpty {
                if faults == Self.mortalFaults { run.spare(Self.veterans) }
                let line = try await run.step { !interrupt.hasCome && run.seconds < limit }
                guard let line else { break }
                faults += 1
                say(line)
                look()
            }
        } catch {
            problems.append("\(error)")
        }
        let outcome = await run.finish()
        problems += outcome.problems
        do { problems += try await cluster.audit() } catch { problems.append("\(error)") }
        look()
        let growth = report.growth
        say(growth.lines.joined(separator: "\n"))
        problems += growth.problems.map { "it grows: \($0)" }
        let kinds = outcome.done.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.key.rawValue) \($0.value)" }
        say(
            """
            \(Int(run.seconds)) s, seed \(Self.seed): \(faults) faults, \(outcome.count) answers equal to the fault-free ones \
            (\(kinds.joined(separator: ", "))), \(outcome.accepted) drafted tokens accepted, \(outcome.lost) jobs lost with a \
            coordinator and submitted again, \(outcome.killed) clients killed
            """
        )
        for problem in problems { say("PROBLEM: \(problem)") }
        say(problems.isEmpty ? "verdict: survived" : "verdict: FAILED")
        #expect(problems.isEmpty, "\(problems)")
    }

    private func say(_ text: String) {
        print(text)
        fflush(nil)
    }

    /// Ctrl-C, once: a second one ends the process as ever.
    private final class Interrupt {
        private let flag = Flag()
        private let source: any DispatchSourceSignal

        init() {
            signal(SIGINT, SIG_IGN)
            source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
            source.setEventHandler { [flag] in
                guard !flag.raise() else { return }
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
