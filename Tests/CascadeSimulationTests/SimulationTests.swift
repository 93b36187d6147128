import CascadeCoordinator
import CascadeCore
import CascadeSimulation
import Testing

struct SimulationTests {
    /// A thousand clusters under every fault, and nothing that never occurred.
    @Test func manySeedsHold() {
        let report = runSimulation(SimulationOptions(seed: 1, seeds: 1000, requiresCoverage: true))
        for line in report.summary { print(line) }
        #expect(report.failure == nil)
        #expect(report.seeds == 1000)
        #expect(report.counts.matched > 1000)
        #expect(report.counts.kept > 1000)
        #expect(report.counts.recovered > 1000)
        #expect(report.counts.lookupAccepted > 1000)
        #expect(report.counts.drafted - report.counts.lookupDrafted > 1000)
        for guarantee in Oracle.Guarantee.allCases {
            #expect(report.decidedAnswers[guarantee, default: 0] > 100, "\(guarantee)")
        }
        for (reason, count) in report.finished { #expect(count > 0, "no answer ended by \(reason.name)") }
    }

    @Test(arguments: [3, 44] as [UInt64])
    func aSeedSaysEverything(seed: UInt64) {
        let first = runSimulation(SimulationOptions(seed: seed, seeds: 3))
        let second = runSimulation(SimulationOptions(seed: seed, seeds: 3))
        #expect(first.summary == second.summary)
    }

    @Test func tracesWhereItIsAsked() {
        let lines = Lines()
        _ = runSimulation(SimulationOptions(seed: 7, faultSeconds: 1, trace: { lines.append($0) }))
        #expect(lines.count > 100)
    }
}
