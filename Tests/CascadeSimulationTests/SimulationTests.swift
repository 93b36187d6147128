import CascadeCoordinator
import CascadeCore
import CascadeSimulation
import Testing

struct SimulationTests {
    /// Two thousand clusters under every fault, and nothing that never occurred.
    @Test func manySeedsHold() {
        let report = runSimulation(SimulationOptions(seed: 1, seeds: 2000, requiresCoverage: true))
        for line in report.summary { print(line) }
        #expect(report.failure == nil)
        #expect(report.seeds == 2000)
        #expect(report.counts.matched > 1000)
        #expect(report.counts.kept > 1000)
        #expect(report.counts.recovered > 1000)
        #expect(report.counts.lookupAccepted > 1000)
        #expect(report.counts.drafted - report.counts.lookupDrafted > 1000)
        for guarantee in DecidedAnswer.Guarantee.allCases {
            #expect(report.decidedAnswers[guarantee, default: 0] > 100, "\(guarantee)")
        }
        #expect(report.adjustedAnswers > 100)
        #expect(report.constrainedAnswers.all > 500)
        #expect(report.constrainedAnswers.decided > 100)
        for (reason, count) in report.finished { #expect(count > 0, "no answer ended by \(reason.name)") }
    }

    /// Histories that nobody has seen before this commit.
    @Test func seedsOfTheCommitHold() {
        let seed = SeedLists.firstSeed(ofCommit: SeedLists.commit)
        print("commit \(SeedLists.commit): cascade simulate --seed \(seed) --seeds 2000 --keep-going")
        let report = runSimulation(SimulationOptions(seed: seed, seeds: 2000, goesOn: true))
        #expect(report.seeds == 2000)
        for line in report.summary { print(line) }
        #expect(report.failures.map(\.description) == [])
    }

    @Test func everyCommitHasItsOwnSeeds() {
        let commits = ["unknown", "dev", "7a4fe734d16e", "7a4fe734d16e+", "14e225fb5550"]
        let seeds = commits.map(SeedLists.firstSeed(ofCommit:)).sorted()
        for (lower, higher) in zip(seeds, seeds.dropFirst()) { #expect(higher - lower > 2000) }
        #expect(SeedLists.firstSeed(ofCommit: "unknown") == SeedLists.firstSeed(ofCommit: "unknown"))
        #expect(!SeedLists.commit.isEmpty)
    }

    @Test(arguments: SeedLists.everFailed.map { $0.seed })
    func seedsThatEverFailedHold(seed: UInt64) {
        let report = runSimulation(SimulationOptions(seed: seed))
        #expect(report.seeds == 1)
        #expect(report.failure == nil)
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

    /// A run that goes on finds what the seeds find one by one, by kind; one that does not stops at the first.
    @Test func goesOnBehindFailures() throws {
        let seams = SimulationSeams(tampering: { TamperedCoordinator(.lastDelta) })
        let one = runSimulation(SimulationOptions(seed: 1, seeds: 12, seams: seams))
        let all = runSimulation(SimulationOptions(seed: 1, seeds: 12, goesOn: true, seams: seams))
        #expect(all.seeds == 12)
        #expect(all.failures.count > 1)
        #expect(one.failures == Array(all.failures.prefix(1)))
        #expect(UInt64(one.seeds) == all.failures[0].seed)
        for failure in all.failures {
            #expect(runSimulation(SimulationOptions(seed: failure.seed, seams: seams)).failures == [failure])
        }
        #expect(all.kinds.count < all.failures.count)
        #expect(all.kinds.flatMap { $0.failures }.map(\.seed).sorted() == all.failures.map(\.seed))
        let summary = all.summary.joined(separator: "\n")
        for (kind, failures) in all.kinds {
            #expect(failures.allSatisfy { $0.kind == kind })
            #expect(summary.contains(": \(kind)\n  first: \(failures[0])\n"))
            #expect(summary.contains("seeds: " + failures.map { String($0.seed) }.joined(separator: " ")))
        }
        #expect(try #require(all.verdict).hasPrefix("\(all.failures.count) of 12 seeds failed"))
    }

    @Test(arguments: [
        ("I12: 7 requests at expert-0, which has 2 credits", "I12: # requests at expert-#, which has # credits"),
        (
            "I3, I4 (G1, G2): job 00c0ffee00c0ffee: tokens [1, 22, 3] should be [4]",
            "I3, I4 (G1, G2): job #: tokens [#] should be [#]"
        ),
        ("I13: not done after 60.0 s without faults", "I13: not done after # s without faults"),
        ("the run does not end", "the run does not end"),
    ])
    func kindsHaveNoNumbers(problem: String, kind: String) {
        #expect(SimulationFailure(seed: 1, step: 2, problem: problem).kind == kind)
    }
}
