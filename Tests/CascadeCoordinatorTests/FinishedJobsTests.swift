import CascadeCore
import OrderedCollections
import Testing

@testable import CascadeCoordinator

/// What is kept of jobs that have ended, and whose gives way.
@Suite struct FinishedJobsTests {
    private static func job(_ number: UInt64, of owner: String, bytes: Int = 0) -> FinishedJob {
        let submit = Submit(
            requestID: number,
            submitKey: Hash128(high: 1, low: number),
            pool: "default",
            prompt: [UInt8](repeating: 65, count: bytes),
            format: .raw,
            sampling: SamplingSettings(),
            rule: RuleSettings(),
            maxTokens: 1
        )
        let job = Job(
            id: JobID(rawValue: number),
            number: number,
            owner: JobOwner(name: owner, key: owner),
            submit: submit,
            seed: 1,
            draftLength: .adaptive,
            acceptedAt: Instant(nanoseconds: 0)
        )
        let report = CoordinatorStateMachine(
            boot: 1,
            seedForJobs: 1,
            software: "test",
            now: Instant(nanoseconds: 0)
        ).report(of: job, .cancelled, nil)
        let answer = FinishedAnswer(report: report, origins: [], explanations: [])
        return FinishedJob(owner: job.owner, submit: submit, acceptedAt: job.acceptedAt, answer: answer)
    }

    /// Ends jobs one after the other, as the coordinator does. Returns the numbers of those that were forgotten.
    private static func end(
        _ owners: [String],
        in finished: inout FinishedJobs,
        limits: CoordinatorLimits,
        from first: UInt64 = 1,
        bytes: Int = 0
    ) -> [UInt64] {
        var forgotten: [UInt64] = []
        for (index, owner) in owners.enumerated() {
            finished.insert(job(first + UInt64(index), of: owner, bytes: bytes))
            while let excess = finished.removeExcess(limits: limits) { forgotten.append(excess.report.job.rawValue) }
            #expect(finished.brokenInvariant == nil)
        }
        return forgotten
    }

    private static func numbers(_ finished: FinishedJobs, of owner: String) -> [UInt64] {
        finished.jobs.values.filter { $0.owner.name == owner }.map(\.report.job.rawValue)
    }

    private static func limits(jobs: Int = 1_000, bytes: Int = 1 << 20) -> CoordinatorLimits {
        var limits = CoordinatorLimits()
        (limits.finishedJobs, limits.finishedBytes) = (jobs, bytes)
        return limits
    }

    @Test func oneOwnerHasAllTheRoom() {
        var finished = FinishedJobs()
        let forgotten = Self.end(Array(repeating: "a", count: 10), in: &finished, limits: Self.limits(jobs: 4))
        #expect(forgotten == [1, 2, 3, 4, 5, 6] && Self.numbers(finished, of: "a") == [7, 8, 9, 10])
    }

    /// Who ends a thousand jobs loses its own results, and nobody else's.
    @Test func whoHasMostGivesWay() {
        var finished = FinishedJobs()
        let limits = Self.limits(jobs: 8)
        #expect(Self.end(["b", "c", "b"], in: &finished, limits: limits) == [])
        let forgotten = Self.end(Array(repeating: "a", count: 1_000), in: &finished, limits: limits, from: 10)
        #expect(forgotten == Array(10..<1_005))
        #expect(Self.numbers(finished, of: "b") == [1, 3] && Self.numbers(finished, of: "c") == [2])
        #expect(Self.numbers(finished, of: "a") == Array(1_005..<1_010))
        // What another comes to have, it has of the one with most.
        let more = Self.end(["b", "b"], in: &finished, limits: limits, from: 2_000)
        // Of equals the one gives way that had some first.
        #expect(more == [1_005, 1])
        #expect(Self.numbers(finished, of: "b") == [3, 2_000, 2_001] && finished.jobs.count == 8)
    }

    @Test func bytesAreSharedToo() {
        var finished = FinishedJobs()
        let size = Self.job(1, of: "a", bytes: 1_000).bytes
        let limits = Self.limits(bytes: 4 * size)
        #expect(Self.end(["b"], in: &finished, limits: limits, bytes: 1_000) == [])
        let forgotten = Self.end(Array(repeating: "a", count: 6), in: &finished, limits: limits, from: 10, bytes: 1_000)
        #expect(forgotten == [10, 11, 12] && Self.numbers(finished, of: "b") == [1])
    }

    /// A result whose bytes are too many for everybody stays until the next one comes; so much is bounded too.
    @Test func theNewestStaysWhateverItsSize() {
        var finished = FinishedJobs()
        let limits = Self.limits(bytes: 4_000)
        _ = Self.end(["b", "a"], in: &finished, limits: limits)
        #expect(Self.end(["c"], in: &finished, limits: limits, from: 10, bytes: 10_000) == [1, 2])
        #expect(Self.end(["c"], in: &finished, limits: limits, from: 11) == [10])
    }

    /// Whatever ends in whatever order: nothing beyond the bounds, and nobody loses a result while another has more.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func nobodyLosesToWhoHasMore(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var finished = FinishedJobs()
        let limits = Self.limits(jobs: Int.random(in: 1...20, using: &random))
        let names = ["a", "a", "a", "a", "b", "b", "c", "d"]
        for number in 1...300 as ClosedRange<UInt64> {
            let before = Dictionary(grouping: finished.jobs.values, by: \.owner.name).mapValues(\.count)
            let owner = names.randomElement(using: &random) ?? "a"
            let forgotten = Self.end([owner], in: &finished, limits: limits, from: number)
            #expect(finished.jobs.count <= limits.finishedJobs && forgotten.count <= 1)
            let after = Dictionary(grouping: finished.jobs.values, by: \.owner.name).mapValues(\.count)
            for (name, count) in before where after[name, default: 0] < count {
                #expect(count >= (after.values.max() ?? 0))
            }
        }
    }
}
