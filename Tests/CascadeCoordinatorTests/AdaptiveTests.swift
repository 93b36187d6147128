import CascadeCore
import CascadeWorker
import OrderedCollections
import Testing

@testable import CascadeCoordinator

/// What adaptive draft lengths learn from clocks and committed rounds.
struct AdaptiveTests {
    private static let start = Instant(nanoseconds: 0)

    private static func cluster() -> Harness {
        var harness = Harness(limits: CoordinatorLimits())
        let expertCosts = [CostPoint(rows: 1, milliseconds: 20), CostPoint(rows: 16, milliseconds: 26)]
        harness.join(ToyNode("expert", .expert), costs: expertCosts)
        harness.join(ToyNode("drafter", .drafter, pace: 4), costs: [CostPoint(rows: 1, milliseconds: 4)])
        return harness
    }

    /// The same with passes that take as long as ``step(_:)`` lets them: by the coordinator's clock the curves are
    /// true.
    private static func steppedCluster() -> Harness {
        var harness = Harness(limits: CoordinatorLimits())
        let expertCosts = [CostPoint(rows: 1, milliseconds: 100), CostPoint(rows: 16, milliseconds: 130)]
        harness.join(ToyNode("expert", .expert), costs: expertCosts)
        harness.join(ToyNode("drafter", .drafter, pace: 20), costs: [CostPoint(rows: 1, milliseconds: 20)])
        return harness
    }

    /// Delivers a message every 100 ms.
    private static func step(_ harness: inout Harness) {
        harness.now = harness.now.advanced(milliseconds: 100)
        harness.deliver()
    }

    private static func drafts(_ harness: Harness) -> Int {
        harness.node("drafter").received.filter(\.isDraft).count
    }

    // MARK: Costs

    @Test func correctionsAreMeans() {
        var correction = CostCorrection()
        #expect(correction.factor == 1)
        correction.observe(expected: 10, measured: 20, at: Self.start)
        #expect(correction.factor == 2)
        correction.observe(expected: 10, measured: 40, at: Self.start)
        #expect(correction.factor == 3)
        correction.observe(expected: 0, measured: 1, at: Self.start)
        correction.observe(expected: 1, measured: 0, at: Self.start)
        #expect(correction.observations == 2)
        for _ in 0..<200 { correction.observe(expected: 1, measured: 1, at: Self.start) }
        #expect(abs(correction.factor - 1) < 0.01)
        // A single absurd answer leads nowhere.
        correction.observe(expected: 1e-9, measured: 1e9, at: Self.start)
        #expect(correction.factor < 2)
    }

    @Test func oneAnswerAtMostDoublesTheFactor() {
        var correction = CostCorrection()
        correction.observe(expected: 1, measured: 10, at: Self.start)
        #expect(correction.factor == 2)
        correction.observe(expected: 1, measured: 10, at: Self.start)
        #expect(correction.factor == 4)
    }

    @Test func theMeanBeginsAnewAfterAPause() {
        var correction = CostCorrection()
        #expect(correction.isStale(at: Self.start))
        for _ in 0..<20 { correction.observe(expected: 1, measured: 10, at: Self.start) }
        #expect(correction.factor > 8)
        let later = Self.start.advanced(milliseconds: CostCorrection.lifetimeMilliseconds)
        #expect(!correction.isStale(at: Self.start.advanced(milliseconds: 4_999)))
        #expect(correction.isStale(at: later))
        correction.observe(expected: 1, measured: 1, at: later)
        #expect(correction.factor == 1)
        #expect(!correction.isStale(at: later))
    }

    /// A drafter that was slow for a while is given up, asked again after a pause, and then used as before.
    @Test func aSlowSpellPasses() throws {
        var harness = Self.steppedCluster()
        let drafter = try #require(harness.nodes.firstIndex { $0.hello.role == .drafter })
        harness.nodes[drafter].pace = 400
        let job = harness.submit(harness.submission(maxTokens: 400))
        for _ in 0..<100 where harness.machine.transitions[.draftUnpaid] < 5 { Self.step(&harness) }
        #expect(harness.machine.transitions[.draftUnpaid] == 5)
        harness.nodes[drafter].pace = 20
        let asked = Self.drafts(harness)
        for _ in 0..<30 { Self.step(&harness) }
        #expect(Self.drafts(harness) == asked)
        for _ in 0..<100 { Self.step(&harness) }
        #expect(Self.drafts(harness) > asked + 20)
        harness.settle()
        #expect(harness.report(job)?.tokens.count == 400)
    }

    /// A drafter that stays slow costs two short drafts every five seconds.
    @Test func probesOfASlowDrafterAreRare() throws {
        var harness = Self.steppedCluster()
        let drafter = try #require(harness.nodes.firstIndex { $0.hello.role == .drafter })
        harness.nodes[drafter].pace = 400
        harness.submit(harness.submission(maxTokens: 400))
        for _ in 0..<100 where harness.machine.transitions[.draftUnpaid] < 5 { Self.step(&harness) }
        let asked = Self.drafts(harness)
        for _ in 0..<200 { Self.step(&harness) }
        let probes = Self.drafts(harness) - asked
        #expect((2...10).contains(probes), "\(probes) drafts in 20 s")
    }

    // MARK: Acceptance

    /// A sequence begins with what its pool knows, and soon knows better.
    @Test func aPoolsExperienceIsAPriorOfLittleWeight() {
        var pool = DraftAcceptance()
        #expect(pool.asPrior == pool)
        for _ in 0..<200 { pool.record(.model, accepted: 0, judged: 4, emitted: 1) }
        var sequence = pool.asPrior
        #expect(sequence.model.value < 0.5)
        #expect(sequence.lookup.value == AcceptanceEstimate.prior)
        for _ in 0..<8 { sequence.record(.model, accepted: 4, judged: 4, emitted: 5) }
        #expect(sequence.model.value > 0.75)
        #expect(pool.model.value < 0.1)
    }

    @Test func aNewSequenceBeginsWithThePoolsAcceptance() throws {
        var harness = Harness.pair()
        harness.submit(harness.submission(maxTokens: 60))
        harness.settle()
        let pool = try #require(harness.machine.pools["default"])
        #expect(pool.acceptance.model.value != AcceptanceEstimate.prior)
        harness.mute("expert")
        let submitted = harness.submit(harness.submission("other"))
        let job = try #require(submitted)
        #expect(harness.machine.jobs[job]?.sequence?.acceptance == pool.acceptance.asPrior)
    }

    /// A drafter that is never confident enough delivers nothing; asking it is given up.
    @Test func emptyDraftsTeachThatAskingDoesNotPay() throws {
        var harness = Self.cluster()
        let drafter = try #require(harness.nodes.firstIndex { $0.hello.role == .drafter })
        harness.nodes[drafter].worker.model.isUnsure = true
        var submit = harness.submission(maxTokens: 60)
        submit.draftMinimumConfidence = 0.9
        let job = harness.submit(submit)
        harness.settle()
        let report = try #require(harness.report(job))
        #expect(report.counts.drafted == 0)
        #expect(report.counts.problem(emitted: 60) == nil)
        #expect(harness.machine.transitions[.draftUnpaid] > 20)
        // The pass that drafted nothing took what the curve says.
        let node = try #require(harness.machine.nodes.values.first { $0.hello.role == .drafter })
        #expect(node.correction.observations > 0)
        #expect(abs(node.correction.factor - 1) < 1e-9)
    }

    // MARK: Memory

    /// Committing appends in place: the tokens move when their memory is full, not with every round.
    @Test func commitsDoNotCopyTheSequence() throws {
        var harness = Self.cluster()
        let submitted = harness.submit(harness.submission(maxTokens: 400))
        let job = try #require(submitted)
        var (moves, last, rounds) = (0, UInt(0), UInt64(0))
        while harness.report(job) == nil, rounds < 60 {
            harness.deliver()
            guard let count = harness.machine.jobs[job]?.sequence?.counts.rounds, count > rounds else { continue }
            rounds = count
            let address =
                harness.machine.jobs[job]?.sequence?.tokens
                .withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) } ?? 0
            if address != last { moves += 1 }
            last = address
        }
        #expect(rounds == 60)
        #expect(moves < 20, "\(moves) moves in \(rounds) rounds")
    }
}
