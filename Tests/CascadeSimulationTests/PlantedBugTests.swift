import CascadeSimulation
import Testing

/// The simulator must see what it is there to see.
struct PlantedBugTests {
    @Test(arguments: TamperedCoordinator.Bug.allCases)
    func aTamperedCoordinatorIsCaught(bug: TamperedCoordinator.Bug) {
        let seams = SimulationSeams(tampering: { TamperedCoordinator(bug) })
        let report = runSimulation(SimulationOptions(seed: 1, seeds: 200, seams: seams))
        print("\(bug): \(report.failure ?? "not caught") after \(report.seeds) seeds")
        #expect(report.failure != nil)
    }

    @Test func aNodeThatTrustsLengthsIsCaught() {
        let seams = SimulationSeams(nodesCompareHashes: false)
        let report = runSimulation(SimulationOptions(seed: 1, seeds: 600, seams: seams))
        print("lengths: \(report.failure ?? "not caught") after \(report.seeds) seeds")
        #expect(report.failure != nil)
    }

    /// What a grammar allows behind a draft is not what it allowed before it.
    @Test func nodesWhoseMasksMissTheDraftAreCaught() {
        let seams = SimulationSeams(nodesMaskDrafted: false)
        let report = runSimulation(SimulationOptions(seed: 1, seeds: 200, seams: seams))
        print("masks: \(report.failure ?? "not caught") after \(report.seeds) seeds")
        #expect(report.failure != nil)
    }

    /// Where neither role's penalties see the draft before a row, both are wrong alike: only the answer shows it.
    @Test func nodesWhosePenaltiesMissTheDraftAreCaught() {
        let seams = SimulationSeams(nodesPenaliseDrafted: false)
        let report = runSimulation(SimulationOptions(seed: 1, seeds: 200, seams: seams))
        print("penalties: \(report.failure ?? "not caught") after \(report.seeds) seeds")
        #expect(report.failures.first?.problem.contains("should be") == true)
    }
}
