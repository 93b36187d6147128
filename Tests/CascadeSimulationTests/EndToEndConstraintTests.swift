import CascadeCoordinator
import CascadeCore
import CascadeTestSupport
import Testing

/// The joint law of whole answers under a grammar, enumerated as in ``EndToEndLawTests``: what is allowed at a position
/// depends on the whole answer before it, drafted tokens included.
struct EndToEndConstraintTests {
    private static let rules: [RuleSettings] = [
        RuleSettings(rule: .lossless), RuleSettings(rule: .tokenV3, alpha: 0.5), RuleSettings(rule: .chow, alpha: 0.4),
        RuleSettings(rule: .lossy, alpha: 0.5),
    ]

    private func setting(
        _ rule: RuleSettings,
        _ bonus: RuleSettings.Bonus,
        _ method: RuleSettings.VerifyMethod,
        _ length: DraftLength,
        limit: Int,
        mask: ToyMask = .wide
    ) -> ToySetting {
        var setting = ToySetting(rule, bonus, method, length, limit: limit)
        setting.mask = mask
        return setting
    }

    private func expectAllowed(_ law: [[Token]: Double], _ mask: ToyMask) {
        for answer in law.keys where (law[answer] ?? 0) > 0 {
            for (index, token) in answer.enumerated() {
                #expect(mask.allowed(behind: Array(answer[..<index]))?.contains(token) == true, "\(answer)")
            }
        }
    }

    @Test(arguments: rules, RuleSettings.VerifyMethod.allCases)
    func wholeAnswers(rule: RuleSettings, method: RuleSettings.VerifyMethod) async {
        let settings = RuleSettings.Bonus.allCases.flatMap { bonus in
            ToyMask.allCases.flatMap { mask in
                [DraftLength.fixed(0), .fixed(2), .fixed(3)]
                    .map { setting(rule, bonus, method, $0, limit: 5, mask: mask) }
            }
        }
        await concurrently(settings) { setting in
            let exact = ExactLaw(setting)
            expectAnswerLaw(exact, setting)
            if let mask = setting.mask { expectAllowed(exact.law, mask) }
        }
    }

    /// With more tokens to choose from, and raw rows that differ from processed ones.
    @Test(arguments: rules, RuleSettings.VerifyMethod.allCases)
    func finerRows(rule: RuleSettings, method: RuleSettings.VerifyMethod) async {
        await concurrently(RuleSettings.Bonus.allCases) { bonus in
            var setting = setting(rule, bonus, method, .fixed(2), limit: 4)
            setting.pair = .eighths
            expectAnswerLaw(ExactLaw(setting), setting)
        }
    }

    /// Penalties and bias come before the mask.
    @Test(arguments: RuleSettings.VerifyMethod.allCases)
    func besidePenalties(method: RuleSettings.VerifyMethod) {
        for bonus in RuleSettings.Bonus.allCases {
            var setting = setting(RuleSettings(rule: .tokenV3, alpha: 0.5), bonus, method, .fixed(2), limit: 4)
            setting.sampling = ToySetting.penalties
            expectAnswerLaw(ExactLaw(setting), setting)
        }
    }

    /// Nodes that forget, answers that are lost: what is computed again is the same.
    @Test(arguments: ToyFault.allCases)
    func lawsStandBehindFaults(fault: ToyFault) {
        for method in RuleSettings.VerifyMethod.allCases {
            let setting = setting(RuleSettings(rule: .tokenV3, alpha: 0.5), .target, method, .fixed(2), limit: 4)
            expectFaultsChangeNothing(setting, fault)
        }
    }

    /// The drafter's confidence is that of the masked row.
    @Test(arguments: RuleSettings.VerifyMethod.allCases)
    func confidence(method: RuleSettings.VerifyMethod) {
        var setting = setting(RuleSettings(), .target, method, .fixed(3), limit: 4)
        setting.minimumConfidence = 0.75
        expectAnswerLaw(ExactLaw(setting), setting)
    }

    /// The constraint changes the law: the equalities above are not for want of anything to tell apart.
    @Test func theConstraintMatters() {
        let free = ToySetting(RuleSettings(), .target, .rejection, .fixed(2), limit: 4)
        for mask in ToyMask.allCases {
            let bound = setting(RuleSettings(), .target, .rejection, .fixed(2), limit: 4, mask: mask)
            let law = ExactLaw(bound).law
            #expect(distance(law, AnswerLaw.chained(bound, \.p)) < 1e-12)
            #expect(distance(law, ExactLaw(free).law) > 0.1)
        }
    }
}
