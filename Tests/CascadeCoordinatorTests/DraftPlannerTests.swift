import CascadeCore
import Testing

@testable import CascadeCoordinator

/// What a draft comes from and how long it is, as a function of a small view.
@Suite struct DraftPlannerTests {
    private static let drafter = NodeHandle(rawValue: 3)
    private static let found: ArraySlice<Token> = [5, 6, 7, 8]

    private static func drafter(
        most: Int = 8,
        costs: PassCosts? = DraftLengthPolicyTests.drafter,
        sequences: Int = 1,
        missing: Int = 0,
        needsProbe: Bool = false
    ) -> DraftPlanner.Drafter {
        DraftPlanner.Drafter(
            handle: drafter,
            most: most,
            costs: costs,
            sequences: sequences,
            roundTrip: 0.5,
            sharesCores: true,
            missing: missing,
            needsProbe: needsProbe
        )
    }

    private static func acceptance(model: Double, lookup: Double = 0) -> DraftAcceptance {
        var acceptance = DraftAcceptance()
        for _ in 0..<400 {
            acceptance.record(.model, accepted: 8 * model, judged: 8, emitted: 0)
            acceptance.record(.lookup, accepted: 8 * lookup, judged: 8, emitted: 0)
        }
        return acceptance
    }

    private static func planner(
        limit: Int = 8,
        isFixed: Bool = false,
        found: ArraySlice<Token> = [],
        drafter: DraftPlanner.Drafter? = drafter(),
        isMeasured: Bool = true,
        sequences: Int = 1,
        acceptance: DraftAcceptance = acceptance(model: 0.8),
        poolAcceptance: AcceptanceEstimate? = nil
    ) -> DraftPlanner {
        let rounds = DraftLengthPolicy(expert: DraftLengthPolicyTests.expert, drafter: nil, expertSequences: sequences)
        return DraftPlanner(
            limit: limit,
            isFixed: isFixed,
            found: found,
            drafter: drafter,
            rounds: isMeasured ? rounds : nil,
            remaining: 100,
            acceptance: acceptance,
            poolAcceptance: poolAcceptance,
            unmeasured: 3
        )
    }

    // MARK: Fixed

    @Test func aFixedLengthIsLookedUpElseAsked() {
        let lookup = Self.planner(limit: 3, isFixed: true, found: Self.found).decide()
        #expect(lookup == DraftPlanner.Decision(plan: .lookup([5, 6, 7])))
        #expect(Self.planner(limit: 3, isFixed: true).decide().plan == .ask(Self.drafter, count: 3))
        let short = Self.planner(limit: 3, isFixed: true, drafter: Self.drafter(most: 2))
        #expect(short.decide().plan == .ask(Self.drafter, count: 2))
        #expect(Self.planner(limit: 3, isFixed: true, drafter: nil).decide().plan == .none)
    }

    @Test(arguments: [true, false]) func withoutRoomNothingIsDrafted(isFixed: Bool) {
        for limit in [0, -1] {
            let decision = Self.planner(limit: limit, isFixed: isFixed, found: Self.found).decide()
            #expect(decision == DraftPlanner.Decision(plan: .none))
        }
    }

    // MARK: Adaptive

    @Test func theLengthThatPaysIsAsked() {
        let good = Self.planner().decide()
        #expect(good == DraftPlanner.Decision(plan: .ask(Self.drafter, count: 2), isPriced: true))
        let bad = Self.planner(acceptance: Self.acceptance(model: 0.1)).decide()
        #expect(bad == DraftPlanner.Decision(plan: .none, isPriced: true))
    }

    /// What costs nothing is preferred unless the drafter is so much better.
    @Test func lookupAndDrafterCompete() {
        let both = Self.acceptance(model: 0.8, lookup: 0.8)
        #expect(Self.planner(found: Self.found, acceptance: both).decide().plan == .lookup(Self.found))
        let poor = Self.acceptance(model: 0.9, lookup: 0.05)
        guard case .ask = Self.planner(found: Self.found, acceptance: poor).decide().plan else {
            Issue.record("a lookup that never matches was preferred")
            return
        }
    }

    @Test func whereCostsAreNotKnownAFewAreDrafted() {
        #expect(Self.planner(isMeasured: false).decide().plan == .ask(Self.drafter, count: 3))
        #expect(Self.planner(found: Self.found, isMeasured: false).decide().plan == .lookup([5, 6, 7]))
        let unmeasured = Self.planner(drafter: Self.drafter(most: 2, costs: nil)).decide()
        #expect(unmeasured == DraftPlanner.Decision(plan: .ask(Self.drafter, count: 2), isPriced: true))
        // What lookup found is no reason to ask somebody whom nobody knows.
        let copy = Self.acceptance(model: 0.9, lookup: 0.9)
        let known = Self.planner(found: Self.found, drafter: Self.drafter(costs: nil), acceptance: copy).decide()
        #expect(known.plan == .lookup(Self.found))
    }

    /// A prompt that the drafter has to read first must pay too; a few tokens do not count.
    @Test func readingAPromptMustPay() {
        let tail = DraftPlanner.longestHeldTail
        #expect(Self.planner(drafter: Self.drafter(missing: tail)).decide().plan == .ask(Self.drafter, count: 2))
        let slow = DraftLengthPolicyTests.curve([(1, 9), (16, 200), (512, 9_000)])
        #expect(Self.planner(drafter: Self.drafter(costs: slow, missing: tail)).decide().plan != .none)
        #expect(Self.planner(drafter: Self.drafter(costs: slow, missing: 500)).decide().plan == .none)
    }

    /// A drafter that seems slow is asked for one token now and then, where a fast one would pay.
    @Test func whatNobodyKnowsAnyMoreIsProbed() {
        let slow = DraftLengthPolicyTests.curve([(1, 900)])
        let probe = Self.planner(drafter: Self.drafter(costs: slow, needsProbe: true)).decide()
        #expect(probe == DraftPlanner.Decision(plan: .ask(Self.drafter, count: 1), isPriced: true, isProbe: true))
        #expect(Self.planner(drafter: Self.drafter(costs: slow)).decide().plan == .none)
        let hopeless = Self.planner(
            drafter: Self.drafter(costs: slow, needsProbe: true),
            acceptance: Self.acceptance(model: 0)
        )
        #expect(hopeless.decide().plan == .none)
    }

    /// Those that share passes draft by what the whole pool has seen.
    @Test func sharedPassesFollowThePool() {
        let pool = Self.acceptance(model: 0.02).model
        #expect(Self.planner(poolAcceptance: pool).decide().plan == .ask(Self.drafter, count: 2))
        #expect(Self.planner(sequences: 4, poolAcceptance: pool).decide().plan == .none)
        let good = Self.acceptance(model: 0.95).model
        let shared = Self.planner(
            drafter: Self.drafter(sequences: 4),
            sequences: 4,
            acceptance: Self.acceptance(model: 0.02),
            poolAcceptance: good
        )
        #expect(shared.decide().plan != .none)
    }
}
