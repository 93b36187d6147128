import CascadeCoordinator
import CascadeCore
import CascadeSimulation
import Foundation
import Testing

@testable import cascade

/// `cascade simulate`: what it prints and how it ends.
@Suite struct SimulateCommandTests {
    /// Says that pieces of streams stand one token earlier than they do.
    private struct ShiftingCoordinator: CoordinatorTampering {
        mutating func handle(
            _ event: CoordinatorStateMachine.Event,
            by machine: inout CoordinatorStateMachine,
            at now: Instant
        ) -> [CoordinatorStateMachine.Action] {
            machine.handle(event, at: now).map { action in
                guard case .send(.delta(var delta), let peer) = action, delta.tokenOffset > 0 else { return action }
                delta.tokenOffset -= 1
                return .send(.delta(delta), to: peer)
            }
        }
    }

    @Test(arguments: [
        ["--seeds", "0"], ["--seconds", "0"], ["--seconds", "nan"], ["--seconds", "31536001"], ["--threads", "0"],
        ["--seeds", "100000001"], ["--seed", "-1"],
    ])
    func whatMakesNoSenseIsWrongUsage(arguments: [String]) async throws {
        let result = try await CascadeProcess.run(["simulate"] + arguments)
        #expect(result.code == 2)
        #expect(result.output == "")
    }

    /// Whatever runs beside what, the report is that of the seeds.
    @Test func threadsChangeNothing() async throws {
        let one = try await CascadeProcess.run(["simulate", "--seeds", "150", "--threads", "1"])
        let many = try await CascadeProcess.run(["simulate", "--seeds", "150", "--threads", "3", "--keep-going"])
        #expect(one.code == 0)
        #expect(many.code == 0)
        #expect(one.output.hasPrefix("150 seeds, "))
        #expect(one.output == many.output)
    }

    @Test func timeEndsIt() async throws {
        let result = try await CascadeProcess.run(["simulate", "--seconds", "1"])
        #expect(result.code == 0)
        let seeds = try #require(result.output.split(separator: " ").first.flatMap { Int($0) })
        #expect(seeds >= 32)
        #expect(seeds % 32 == 0)
    }

    @Test func aMissingFaultFailsIt() async throws {
        let result = try await CascadeProcess.run(["simulate", "--seeds", "1", "--coverage"])
        #expect(result.code == 1)
        #expect(result.output.contains("\nFAILED: never occurred: fault "))
        #expect(result.errors.contains("cascade: never occurred: fault "))
    }

    /// Ctrl-C: the verdict so far, and the exit code of what was interrupted.
    @Test func anInterruptEndsItWithTheVerdictSoFar() async throws {
        let process = try CascadeProcess(["simulate", "--seconds", "3600", "--keep-going", "--threads", "1"])
        while !process.errors.contains("seeds from 1 on") {
            try #require(!process.isDone)
            try await Task.sleep(for: .milliseconds(5))
        }
        process.signal(SIGINT)
        let result = await process.result()
        #expect(result.code == 130)
        #expect(result.output.contains(" seeds, "))
        #expect(result.errors.hasSuffix("cascade: interrupted\n"))
    }

    /// Failures are listed with the seeds that they belong to, however many run at a time; or the first one ends it
    /// all.
    @Test(arguments: [1, 3])
    func failuresAreListed(threads: Int) async throws {
        let seams = SimulationSeams(tampering: { ShiftingCoordinator() })
        var options = SimulationOptions(seed: 1, seeds: 100, seams: seams)
        var first = SimulationRun(options, threads: threads)
        await first.run()
        #expect(first.report.failures == runSimulation(options).failures)
        #expect(first.report.failures.count == 1)
        options.goesOn = true
        var all = SimulationRun(options, threads: threads)
        await all.run()
        #expect(all.report.seeds == 100)
        #expect(all.report.failures.count > 32)
        #expect(all.report.failures.first == first.report.failures.first)
        #expect(all.report.failures.map(\.seed) == all.report.failures.map(\.seed).sorted())
    }
}
