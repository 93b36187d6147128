import CascadeCore
import CascadeWorker
import Testing

@testable import CascadeCoordinator

/// The sequential baselines: drafter and expert one after the other.
struct SequentialTests {
    private static let prompt = "hello"

    private static func cluster(unsureAt: Set<Int> = [], credits: UInt32 = 8) -> Harness {
        var harness = Harness(limits: CoordinatorLimits())
        harness.join(ToyNode("expert", .expert))
        var drafter = ToyNode("drafter", .drafter)
        drafter.worker.model.unsureAt = unsureAt
        harness.join(drafter, credits: credits)
        harness.settle()
        return harness
    }

    private static func submission(
        _ harness: inout Harness,
        _ rule: RuleSettings.Rule,
        _ alpha: Double,
        count: UInt32 = 40
    ) -> Submit {
        var submit = harness.submission(prompt, maxTokens: count)
        submit.rule = RuleSettings(rule: rule, alpha: alpha)
        return submit
    }

    private static func verifies(_ harness: Harness) -> [Verify] {
        harness.node("expert").received.compactMap { if case .verify(let verify) = $0 { verify } else { nil } }
    }

    /// What drafter and expert write together, the expert at the positions in `experts`.
    private static func mixture(count: Int, experts: Set<Int>) -> [Token] {
        var tokens = Toy.tokens(Array(prompt.utf8))
        let length = tokens.count
        for position in length..<length + count {
            tokens.append(experts.contains(position) ? Toy.next(tokens) : Toy.draftNext(tokens))
        }
        return Array(tokens[length...])
    }

    private static func expectBalance(_ report: JobReport) {
        #expect(report.counts.problem(emitted: report.tokens.count) == nil)
    }

    @Test(arguments: [DraftLength.adaptive, .fixed(1), .fixed(3), .fixed(32)])
    func aSureDrafterWritesAlone(draftLength: DraftLength) throws {
        var harness = Self.cluster()
        var submit = Self.submission(&harness, .tokenCascade, 0.5)
        submit.draftLength = draftLength
        let job = harness.submit(submit)
        harness.settle()
        let report = try #require(harness.report(job))
        #expect(report.tokens == Self.mixture(count: 40, experts: []))
        #expect(report.counts.expertRounds == 0)
        #expect(report.counts.kept == 40)
        #expect(Self.verifies(harness).isEmpty)
        Self.expectBalance(report)
    }

    /// Where the drafter is not sure, the expert writes one token, and nothing that was drafted is scored.
    @Test(arguments: [DraftLength.adaptive, .fixed(3)])
    func theExpertWritesTheTokenBetween(draftLength: DraftLength) throws {
        let unsure: Set<Int> = [5, 9, 10, 23, 44]
        var harness = Self.cluster(unsureAt: unsure)
        var submit = Self.submission(&harness, .tokenCascade, 0.5)
        submit.draftLength = draftLength
        let job = harness.submit(submit)
        harness.settle()
        let report = try #require(harness.report(job))
        #expect(report.tokens == Self.mixture(count: 40, experts: unsure))
        #expect(report.counts.expertRounds == 5)
        #expect(report.counts.bonus == 5)
        #expect(Self.verifies(harness).map { Int($0.prefix.baseLength) } == unsure.sorted())
        #expect(Self.verifies(harness).flatMap(\.draft).isEmpty)
        Self.expectBalance(report)
    }

    /// With alpha 1 nothing is too unsure; with alpha 0 everything that is not certain is.
    @Test func theEndsOfTheKnob() throws {
        for (alpha, experts) in [(1.0, 0), (0, 2)] {
            var harness = Self.cluster(unsureAt: [7, 20])
            let job = harness.submit(Self.submission(&harness, .tokenCascade, alpha))
            harness.settle()
            #expect(try #require(harness.report(job)).counts.expertRounds == experts)
        }
    }

    @Test func strictTokensAreTheExperts() throws {
        var harness = Self.cluster()
        var submit = Self.submission(&harness, .tokenCascade, 0.5, count: 12)
        submit.rule.strictPrefixTokens = 4
        let job = harness.submit(submit)
        harness.settle()
        let report = try #require(harness.report(job))
        #expect(report.tokens == Self.mixture(count: 12, experts: [5, 6, 7, 8]))
        #expect(report.counts.expertRounds == 4)
    }

    /// A drafter that says itself that its engine is stuck is nobody to wait for.
    @Test(arguments: [RuleSettings.Rule.tokenCascade, .sequentialChow])
    func beforeAStuckDrafterTheExpertAnswers(rule: RuleSettings.Rule) throws {
        var harness = Self.cluster()
        harness.mute("drafter")
        let index = try #require(harness.nodes.firstIndex { $0.hello.role == .drafter })
        harness.nodes[index].stuckMilliseconds = 7_000
        harness.answerPings(of: "drafter", milliseconds: 2_000)
        let job = harness.submit(Self.submission(&harness, rule, 0.5))
        harness.settle()
        let report = try #require(harness.report(job))
        #expect(report.tokens == Toy.answer(prompt: Toy.tokens(Array(Self.prompt.utf8)), count: 40))
    }

    @Test(arguments: [RuleSettings.Rule.tokenCascade, .sequentialChow])
    func withoutADrafterTheExpertAnswers(rule: RuleSettings.Rule) throws {
        var harness = Harness(limits: CoordinatorLimits())
        harness.join(ToyNode("expert", .expert))
        let job = harness.submit(Self.submission(&harness, rule, 0.5))
        harness.settle()
        let report = try #require(harness.report(job))
        #expect(report.tokens == Toy.answer(prompt: Toy.tokens(Array(Self.prompt.utf8)), count: 40))
        #expect(report.counts.drafted == 0)
        Self.expectBalance(report)
    }

    @Test func aSureAnswerStands() throws {
        var harness = Self.cluster()
        let job = harness.submit(Self.submission(&harness, .sequentialChow, 0.1))
        harness.settle()
        let report = try #require(harness.report(job))
        #expect(report.tokens == Self.mixture(count: 40, experts: []))
        #expect(report.counts.expertRounds == 0)
        #expect(harness.machine.transitions[.answerDeferred] == 0)
        #expect(harness.machine.totals == report.counts)
        // Shown once it stands, and not before.
        #expect(harness.deltas(job).filter { !$0.tokens.isEmpty }.count == 1)
        Self.expectBalance(report)
    }

    @Test func anUnsureAnswerIsWrittenAnewByTheExpert() throws {
        // 10 of 40 at 0.3: a geometric mean of 0.74.
        for (alpha, isDeferred) in [(0.2, true), (0.3, false)] {
            var harness = Self.cluster(unsureAt: Set(10..<20))
            let job = harness.submit(Self.submission(&harness, .sequentialChow, alpha))
            harness.settle()
            let report = try #require(harness.report(job))
            let alone = Toy.answer(prompt: Toy.tokens(Array(Self.prompt.utf8)), count: 40)
            #expect((report.tokens == alone) == isDeferred)
            #expect(report.counts.discarded == (isDeferred ? 40 : 0))
            #expect(report.counts.expertRounds == (isDeferred ? 40 : 0))
            #expect(harness.machine.totals == report.counts)
            #expect(harness.deltas(job).flatMap(\.tokens) == report.tokens)
            #expect(harness.node("drafter").worker.sequenceCount == 0)
            #expect(harness.node("expert").worker.sequenceCount == 0)
            Self.expectBalance(report)
        }
    }

    @Test func anAnswerThatNobodySawIsNotReported() throws {
        var harness = Self.cluster()
        harness.mute("drafter")
        let submit = Self.submission(&harness, .sequentialChow, 0.1)
        let submitted = harness.submit(submit)
        let job = try #require(submitted)
        harness.unmute("drafter")
        harness.deliver()
        harness.mute("drafter")
        #expect(harness.machine.totals == SpeculationCounts())
        harness.feed(.cancel(Cancel(requestID: 9, job: job)))
        let report = try #require(harness.report(job))
        #expect(report.reason == .cancelled)
        #expect(report.tokens.isEmpty)
        #expect(report.text.isEmpty)
        #expect(report.counts.discarded == 32)
        #expect(harness.machine.totals == report.counts)
        Self.expectBalance(report)
    }

    /// A drafter that is only busy is waited for: what it would have said does not become the expert's.
    @Test(arguments: [RuleSettings.Rule.tokenCascade, .sequentialChow])
    func aBusyDrafterIsWaitedFor(rule: RuleSettings.Rule) throws {
        var harness = Self.cluster(credits: 1)
        let jobs = (0..<4).map { _ in harness.submit(Self.submission(&harness, rule, 0.5)) }
        harness.settle()
        harness.wait(milliseconds: 2_000)
        for job in jobs {
            let report = try #require(harness.report(job))
            #expect(report.tokens == Self.mixture(count: 40, experts: []))
            #expect(report.counts.expertRounds == 0)
        }
    }

    /// A drafter that goes away in the middle leaves the rest to the expert.
    @Test func aLostDrafterIsReplacedByTheExpert() throws {
        for rule in [RuleSettings.Rule.tokenCascade, .sequentialChow] {
            var harness = Self.cluster()
            let job = harness.submit(Self.submission(&harness, rule, 0.5))
            harness.deliver()
            harness.feed(.peerLost(harness.node("drafter").peer))
            harness.settle()
            harness.wait(milliseconds: 2_000)
            let report = try #require(harness.report(job))
            #expect(report.tokens.count == 40)
            let drafted = rule == .tokenCascade ? 32 : 0
            #expect(report.tokens == Self.mixture(count: 40, experts: Set(5 + drafted..<45)))
            Self.expectBalance(report)
        }
    }
}
