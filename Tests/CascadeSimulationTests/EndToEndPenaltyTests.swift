import CascadeCoordinator
import CascadeCore
import CascadeTestSupport
import Testing

/// The joint law of whole answers with penalties and a bias, enumerated as in ``EndToEndLawTests``: a token of a draft
/// counts for those behind it, so rows depend on the whole answer.
struct EndToEndPenaltyTests {
    private static let rules: [RuleSettings] = [
        RuleSettings(rule: .lossless), RuleSettings(rule: .tokenV3, alpha: 0.5), RuleSettings(rule: .chow, alpha: 0.4),
        RuleSettings(rule: .lossy, alpha: 0.5),
    ]

    private func setting(
        _ rule: RuleSettings,
        _ bonus: RuleSettings.Bonus,
        _ method: RuleSettings.VerifyMethod,
        _ length: DraftLength,
        limit: Int
    ) -> ToySetting {
        var setting = ToySetting(rule, bonus, method, length, limit: limit)
        setting.sampling = ToySetting.penalties
        return setting
    }

    @Test(arguments: rules, RuleSettings.VerifyMethod.allCases)
    func wholeAnswers(rule: RuleSettings, method: RuleSettings.VerifyMethod) async {
        let settings = RuleSettings.Bonus.allCases.flatMap { bonus in
            [DraftLength.fixed(0), .fixed(2), .fixed(3)].map { setting(rule, bonus, method, $0, limit: 4) }
        }
        await concurrently(settings) { expectAnswerLaw(ExactLaw($0), $0) }
    }

    /// With more tokens to choose from, and raw rows that differ from processed ones.
    @Test(arguments: rules, RuleSettings.VerifyMethod.allCases)
    func finerRows(rule: RuleSettings, method: RuleSettings.VerifyMethod) async {
        await concurrently(RuleSettings.Bonus.allCases) { bonus in
            var setting = setting(rule, bonus, method, .fixed(2), limit: 3)
            setting.pair = .eighths
            expectAnswerLaw(ExactLaw(setting), setting)
        }
    }

    /// Nodes that forget, answers that are lost: what is computed again is the same.
    @Test(arguments: ToyFault.allCases)
    func lawsStandBehindFaults(fault: ToyFault) {
        for method in RuleSettings.VerifyMethod.allCases {
            let setting = setting(RuleSettings(rule: .tokenV3, alpha: 0.5), .target, method, .fixed(2), limit: 3)
            expectFaultsChangeNothing(setting, fault)
        }
    }

    /// Each of the settings changes the law: the equalities above are not for want of anything to tell apart.
    @Test func eachSettingMatters() {
        let all = ToySetting.penalties
        var lacking = [all, all, all, all, all]
        lacking[1].presencePenalty = 0
        lacking[2].frequencyPenalty = 0
        lacking[3].repetitionPenalty = 1
        lacking[4].logitBias = []
        let laws = lacking.map { sampling in
            var setting = ToySetting(RuleSettings(), .target, .rejection, .fixed(2), limit: 4)
            setting.sampling = sampling
            let law = ExactLaw(setting).law
            #expect(distance(law, AnswerLaw.chained(setting, \.p)) < 1e-12)
            return law
        }
        for law in laws.dropFirst() { #expect(distance(law, laws[0]) > 1e-3) }
    }
}
