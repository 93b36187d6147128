import CascadeCore
import CascadeTestSupport
import Testing

/// The enumeration must see what it is there to see (decisions.md 19): each bug is in a test double around the real
/// coordinator, rules and wire.
struct EndToEndPlantedBugTests {
    /// What the smallest bug must move.
    private static let visible = 1e-6

    private func law(_ setting: ToySetting) -> [[Token]: Double] {
        let exact = ExactLaw(setting)
        #expect(exact.problem == nil)
        #expect(abs(exact.law.values.reduce(0, +) - 1) < 1e-12)
        #expect(exact.counts.drafted > 0)
        return exact.law
    }

    /// A block tosses coins behind the token that it rejects; a next round that tosses the same ones is biased.
    @Test func catchesKeysWithoutBase() {
        var setting = ToySetting(RuleSettings(), .target, .block, .fixed(2), limit: 3)
        setting.pair = .eighths
        let expert = AnswerLaw.chained(setting, \.p)
        #expect(distance(law(setting), expert) < 1e-12)
        setting.lacksBase = true
        let error = distance(law(setting), expert)
        #expect(error > Self.visible, "\(error)")
    }

    /// A threshold that is nearly right is wrong.
    @Test(arguments: [RuleSettings.VerifyMethod.rejection, .block])
    func catchesThresholdsThatAreALittleOff(method: RuleSettings.VerifyMethod) {
        var setting = ToySetting(RuleSettings(), .target, method, .fixed(2), limit: 3)
        setting.bug = .weighsAlmostRight
        let error = distance(law(setting), AnswerLaw.chained(setting, \.p))
        #expect(error > Self.visible, "\(error)")
    }

    @Test(arguments: [ToyPair.eighths, .twins], [RuleSettings.VerifyMethod.rejection, .block])
    func catchesEarlyStopOnTheDraftedToken(pair: ToyPair, method: RuleSettings.VerifyMethod) {
        var setting = ToySetting(RuleSettings(), .target, method, .fixed(2), limit: 3)
        setting.pair = pair
        setting.bug = .dropsUnlikely
        let error = distance(law(setting), AnswerLaw.chained(setting, \.p))
        #expect(error > Self.visible, "\(error)")
    }

    @Test(arguments: [RuleSettings.Rule.tokenV3, .tokenLT])
    func catchesAGuardOfTheCoinOnly(rule: RuleSettings.Rule) {
        var setting = ToySetting(RuleSettings(rule: rule, alpha: 0.75), .rule, .rejection, .fixed(2), limit: 3)
        let guarded = AnswerLaw.chained(setting, \.pi)
        let unguarded = AnswerLaw.chained(setting) { one in
            var one = one
            one.guardTokens = []
            return one.pi
        }
        #expect(distance(law(setting), guarded) < 1e-12)
        setting.bug = .guardsCoinOnly
        let emitted = law(setting)
        #expect(distance(emitted, guarded) > Self.visible)
        #expect(distance(emitted, unguarded) > Self.visible)
    }

    /// A drafted token counts for the ones behind it, in the draft and where it is judged.
    @Test(arguments: RuleSettings.VerifyMethod.allCases)
    func catchesPenaltiesThatMissTheDraft(method: RuleSettings.VerifyMethod) {
        var setting = ToySetting(RuleSettings(), .target, method, .fixed(2), limit: 3)
        setting.sampling = ToySetting.penalties
        let expert = AnswerLaw.chained(setting, \.p)
        #expect(distance(law(setting), expert) < 1e-12)
        setting.bug = .penalisesCommitted
        let error = distance(law(setting), expert)
        #expect(error > Self.visible, "\(error)")
    }

    /// What a draft's token allows behind it is not what was allowed before it: answers come that the grammar does not
    /// have, or jobs fail behind those that it does not have.
    @Test(arguments: RuleSettings.VerifyMethod.allCases)
    func catchesMasksThatMissTheDraft(method: RuleSettings.VerifyMethod) {
        var setting = ToySetting(RuleSettings(), .target, method, .fixed(2), limit: 3)
        setting.mask = .wide
        let expert = AnswerLaw.chained(setting, \.p)
        #expect(distance(law(setting), expert) < 1e-12)
        setting.bug = .masksCommitted
        let exact = ExactLaw(setting)
        #expect(exact.problem != nil || distance(exact.law, expert) > Self.visible)
    }

    /// What a network loses may depend on what was drawn, as long as nodes that are asked again draw the same.
    @Test(arguments: [ToyFault.choosyDrafted, .choosyVerified], [RuleSettings.VerifyMethod.rejection, .block])
    func catchesNodesThatDrawAnew(fault: ToyFault, method: RuleSettings.VerifyMethod) {
        for pair in [ToyPair.halves, .eighths] {
            var setting = ToySetting(RuleSettings(), .target, method, .fixed(2), limit: 3)
            setting.pair = pair
            setting.fault = fault
            let expert = AnswerLaw.chained(setting, \.p)
            #expect(distance(law(setting), expert) < 1e-12)
            setting.bug = .drawsAnew
            let error = distance(law(setting), expert)
            #expect(error > Self.visible, "\(error)")
        }
    }
}
