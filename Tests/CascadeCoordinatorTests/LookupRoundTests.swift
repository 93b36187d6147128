import CascadeCoordinator
import CascadeCore
import Testing

/// Rounds whose draft is looked up, and adaptive draft lengths, in the machine.
struct LookupRoundTests {
    private static let phrase = "abcdefabcdefabcdef"
    private static let expertCosts = [CostPoint(rows: 1, milliseconds: 20), CostPoint(rows: 16, milliseconds: 26)]
    private static let drafterCosts = [CostPoint(rows: 1, milliseconds: 2)]

    private func cluster(_ draftLength: DraftLength, hasDrafter: Bool = true) -> Harness {
        var limits = CoordinatorLimits()
        limits.draftLength = draftLength
        var harness = Harness(limits: limits)
        harness.join(ToyNode("expert", .expert), costs: Self.expertCosts)
        if hasDrafter { harness.join(ToyNode("drafter", .drafter), costs: Self.drafterCosts) }
        return harness
    }

    private func report(_ harness: inout Harness, _ kind: DrafterKind, maxTokens: UInt32 = 30) throws -> JobReport {
        var submit = harness.submission(Self.phrase, maxTokens: maxTokens)
        submit.drafterKind = kind
        let job = harness.submit(submit)
        harness.settle()
        return try #require(harness.report(job))
    }

    /// G1: at temperature 0 under `lossless` neither the drafter nor the draft length shows in the tokens.
    @Test(
        arguments: DrafterKind.allCases,
        [DraftLength.adaptive, .fixed(0), .fixed(1), .fixed(4), .fixed(7)]
    )
    func tokensDoNotDependOnTheDraft(kind: DrafterKind, draftLength: DraftLength) throws {
        var harness = cluster(draftLength)
        let report = try report(&harness, kind)
        #expect(report.tokens == Toy.answer(prompt: Toy.tokens(Array(Self.phrase.utf8)), count: 30))
        #expect(report.counts.problem(emitted: 30) == nil)
        #expect(report.draftLength == draftLength)
        #expect(report.drafterKind == kind)
        #expect((report.counts.lookupDrafted > 0) == (kind != .model && draftLength != .fixed(0)))
        if kind == .lookup { #expect(report.counts.lookupDrafted == report.counts.drafted) }
        let asked = harness.node("drafter").received.contains(where: \.isDraft)
        #expect(asked == (kind != .lookup && draftLength != .fixed(0)))
    }

    @Test func lookupNeedsNoDrafter() throws {
        var harness = cluster(.adaptive, hasDrafter: false)
        let report = try report(&harness, .lookup)
        #expect(report.counts.lookupDrafted > 0)
        #expect(harness.machine.transitions[.roundLookup] > 0)
        #expect(harness.machine.transitions[.roundDrafting] == 0)
    }

    /// A draft that was looked up says so: one-hot rows without a model's confidence, and it is not asked for twice.
    @Test func aLookedUpDraftGoesStraightToTheExpert() throws {
        var harness = cluster(.fixed(4))
        harness.mute("expert")
        var submit = harness.submission(Self.phrase)
        submit.drafterKind = .both
        harness.submit(submit)
        harness.settle()
        let verify = try #require(harness.heldVerify("expert"))
        #expect(verify.draft.map(\.token) == Toy.tokens(Array("abcd".utf8)))
        #expect(verify.draft.allSatisfy { $0.gate == .lookup && $0.row.isOneHot })
        #expect(harness.node("drafter").received.filter(\.isDraft).isEmpty)
    }

    /// The drafter does not see rounds that were looked up; its next Draft brings it what it lacks, and nothing is
    /// missing.
    @Test func theDrafterCatchesUp() throws {
        var harness = cluster(.fixed(4))
        _ = try report(&harness, .both, maxTokens: 60)
        #expect(harness.machine.transitions[.roundLookup] > 0)
        #expect(harness.machine.transitions[.roundDrafting] > 0)
        #expect(harness.machine.transitions[.requestMissing] == 0)
        #expect(harness.machine.transitions[.requestInvalid] == 0)
    }

    /// Tokens of rounds that were looked up are not the rule's word on a model's draft (G3).
    @Test func lookedUpTokensAreUnruled() throws {
        var harness = cluster(.fixed(4), hasDrafter: false)
        var submit = harness.submission(Self.phrase, maxTokens: 30)
        submit.drafterKind = .lookup
        submit.rule = RuleSettings(rule: .tokenV3, bonus: .rule)
        let job = harness.submit(submit)
        harness.settle()
        let report = try #require(harness.report(job))
        #expect(report.counts.lookupDrafted > 0)
        #expect(report.counts.unruledPositions == 30)
    }

    // MARK: Adaptive

    @Test func adaptiveDraftsPayOrAreLeftOut() throws {
        var cheap = cluster(.adaptive)
        let fast = try report(&cheap, .model)
        #expect(fast.counts.drafted > 0)
        #expect(cheap.machine.transitions[.draftLengthChosen] > 0)
        var dear = Harness(limits: CoordinatorLimits())
        dear.join(ToyNode("expert", .expert), costs: Self.expertCosts)
        dear.join(ToyNode("drafter", .drafter, pace: 40), costs: [CostPoint(rows: 1, milliseconds: 40)])
        let slow = try report(&dear, .model)
        #expect(slow.counts.drafted < 3)
        #expect(dear.machine.transitions[.draftUnpaid] >= 20)
        #expect(slow.tokens == fast.tokens)
    }

    /// A drafter that measured itself while something else was running is timed at its first draft, and then used.
    @Test func aDisturbedMeasurementIsCorrected() throws {
        var harness = Harness(limits: CoordinatorLimits())
        harness.join(ToyNode("expert", .expert), costs: Self.expertCosts)
        harness.join(ToyNode("drafter", .drafter, pace: 2), costs: [CostPoint(rows: 1, milliseconds: 40)])
        let report = try report(&harness, .model)
        #expect(report.counts.drafted > 20)
        #expect(harness.machine.transitions[.draftUnpaid] <= 1)
    }

    @Test func adaptiveWithoutCostsDraftsAFixedNumber() throws {
        var harness = Harness(limits: CoordinatorLimits())
        harness.join(ToyNode("expert", .expert), costs: [])
        harness.join(ToyNode("drafter", .drafter), costs: [])
        _ = try report(&harness, .model)
        let counts = harness.node("drafter").received.compactMap { message in
            if case .draft(let draft) = message { return draft.count }
            return nil
        }
        #expect(counts.first == 4)
    }

    /// No draft is longer than what is left of the answer, whatever drafts.
    @Test(arguments: DrafterKind.allCases, [1, 2, 3, 5] as [UInt32])
    func draftsFitTheAnswer(kind: DrafterKind, maxTokens: UInt32) throws {
        for bonus in RuleSettings.Bonus.allCases {
            var harness = cluster(.adaptive)
            var submit = harness.submission(Self.phrase, maxTokens: maxTokens)
            submit.drafterKind = kind
            submit.rule.bonus = bonus
            let job = harness.submit(submit)
            harness.settle()
            #expect(harness.report(job)?.counts.cut == 0)
            #expect(harness.report(job)?.tokens.count == Int(maxTokens))
        }
    }
}
