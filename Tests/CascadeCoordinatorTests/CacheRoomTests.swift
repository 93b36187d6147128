import CascadeCore
import Testing

@testable import CascadeCoordinator

/// Sequences take the pages that they need, and make room for each other.
@Suite struct CacheRoomTests {
    private static func harness(kvTokens: UInt32, pageTokens: UInt32 = 1, reserve: Int = 4) -> Harness {
        var limits = Harness.fixed
        limits.reservedTokensPerSequence = reserve
        var harness = Harness(limits: limits)
        harness.join(ToyNode("expert", .expert, kvTokens: kvTokens, pageTokens: pageTokens))
        harness.join(ToyNode("drafter", .drafter))
        return harness
    }

    /// What a job's answer is where nobody else is there.
    private static func alone(_ submit: Submit) throws -> [Token] {
        var harness = Harness.pair()
        let job = harness.submit(submit)
        harness.settle()
        return try #require(harness.report(job)).tokens
    }

    /// A long limit is no reason to keep others out: 3 tokens of prompt and 90 of answer at most, twice, in 100.
    @Test func aLongLimitKeepsNobodyOut() {
        var harness = Self.harness(kvTokens: 100)
        harness.mute("expert")
        let jobs = (0..<2).map { _ in harness.submit(harness.submission("abc", maxTokens: 90)) }
        for job in jobs {
            harness.watch(job)
            #expect(harness.deltas(job).last?.state == .running)
        }
    }

    /// Where the cache is full the younger sequence gives its place up, is read again, and its answer is the same.
    @Test func theYoungestGivesItsPlaceUpAndIsReadAgain() throws {
        var harness = Self.harness(kvTokens: 60)
        let first = harness.submission("abc", maxTokens: 40)
        let second = harness.submission("xyz", maxTokens: 40)
        let jobs = [harness.submit(first), harness.submit(second)]
        harness.settle()
        #expect(harness.machine.transitions[.sequencePreempted] > 0)
        #expect(harness.report(jobs[0])?.tokens == (try Self.alone(first)))
        #expect(harness.report(jobs[1])?.tokens == (try Self.alone(second)))
        #expect(harness.machine.transitions[.requestFailed] == 0)
        let ended = harness.messages().compactMap { message in
            if case .finished(let finished) = message { return finished.report.job }
            return nil
        }
        #expect(ended == jobs, "the older one goes on")
    }

    /// A sequence that was put back says what it waits for.
    @Test func aSequenceThatWasPutBackSaysWhatItWaitsFor() throws {
        var harness = Self.harness(kvTokens: 60)
        harness.submit(harness.submission("abc", maxTokens: 50))
        let young = harness.submit(harness.submission("xyz", maxTokens: 50))
        while harness.machine.transitions[.sequencePreempted] == 0, harness.report(young) == nil { harness.deliver() }
        harness.watch(young)
        let note = try #require(harness.deltas(young).last?.note)
        #expect(note.hasPrefix("waiting for room in the cache: 2 jobs run and "), "\(note)")
        #expect(note.contains("--kv-tokens"))
    }

    /// A sequence takes whole pages: of four pages of 16 tokens two sequences of 17 leave none.
    @Test func pagesAreTakenWhole() {
        var harness = Self.harness(kvTokens: 64, pageTokens: 16, reserve: 0)
        harness.mute("expert")
        let prompt = String(repeating: "a", count: 17)
        let jobs = (0..<3).map { _ in harness.submit(harness.submission(prompt, maxTokens: 5)) }
        for job in jobs { harness.watch(job) }
        #expect(jobs.map { harness.deltas($0).last?.state } == [.running, .running, .queued])
        harness.unmute("expert")
        harness.settle()
        #expect(jobs.allSatisfy { harness.report($0)?.tokens.count == 5 })
    }

    /// A new sequence leaves room for those that are there to grow, and for itself.
    @Test(arguments: [(0, JobState.running), (20, .queued)])
    func newSequencesLeaveAReserve(_ reserve: Int, _ state: JobState) {
        var harness = Self.harness(kvTokens: 40, reserve: reserve)
        harness.mute("expert")
        harness.submit(harness.submission("abc", maxTokens: 30))
        let second = harness.submit(harness.submission("abc", maxTokens: 30))
        harness.watch(second)
        #expect(harness.deltas(second).last?.state == state)
    }

    /// A drafter whose cache is full of what it works on is not asked for more; what it does not work on gives way.
    @Test func aDraftersCacheHoldsWhatItWorksOn() {
        var limits = Harness.fixed
        limits.reservedTokensPerSequence = 0
        var harness = Harness(limits: limits)
        harness.join(ToyNode("expert", .expert))
        harness.join(ToyNode("drafter", .drafter, kvTokens: 50))
        let jobs = (0..<4).map { _ in harness.submit(harness.submission("abc", maxTokens: 40)) }
        while harness.report(jobs[3]) == nil {
            harness.deliver()
            #expect(harness.machine.gauges.excesses(over: limits) == [])
        }
        harness.settle()
        #expect(jobs.allSatisfy { harness.report($0)?.tokens.count == 40 })
        #expect(harness.machine.transitions[.requestFailed] == 0)
    }

    // MARK: Who leaves

    private static func tenant(
        _ job: UInt64,
        of owner: String = "a",
        weight: Int = 1,
        _ priority: Priority = .normal,
        tokens: Int = 100
    ) -> CacheTenant {
        CacheTenant(
            job: JobID(rawValue: job),
            owner: owner,
            weight: weight,
            priority: priority,
            number: job,
            tokens: tokens
        )
    }

    @Test func whoLeavesFirst() {
        func first(_ tenants: CacheTenant...) -> UInt64? { CacheTenant.first(toLeave: tenants)?.rawValue }
        #expect(first() == nil)
        #expect(first(Self.tenant(1), Self.tenant(3), Self.tenant(2)) == 3, "the youngest")
        #expect(first(Self.tenant(1, .low), Self.tenant(2)) == 1, "the least urgent")
        #expect(first(Self.tenant(1, .low), Self.tenant(2, .high), Self.tenant(3, .low)) == 3)
        #expect(first(Self.tenant(1), Self.tenant(2, of: "b"), Self.tenant(3)) == 3, "of who holds most")
        #expect(first(Self.tenant(1, tokens: 201), Self.tenant(2, of: "b"), Self.tenant(3, of: "b")) == 1)
        #expect(
            first(Self.tenant(1, weight: 3, tokens: 201), Self.tenant(2, of: "b"), Self.tenant(3, of: "b")) == 3,
            "for its weight"
        )
    }
}
