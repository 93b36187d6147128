import CascadeCoordinator
import CascadeCore
import CascadeTestSupport
import Testing

/// What the network does changes no answer's law (decisions.md 7, 10; G4): enumerated, as in ``EndToEndLawTests``.
struct EndToEndFaultTests {
    private static let rules: [RuleSettings] = [
        RuleSettings(rule: .lossless), RuleSettings(rule: .tokenV3, alpha: 0.5), RuleSettings(rule: .lossy, alpha: 0.5),
    ]

    @Test(arguments: rules, RuleSettings.VerifyMethod.allCases)
    func lawsStand(rule: RuleSettings, method: RuleSettings.VerifyMethod) async {
        await concurrently(RuleSettings.Bonus.allCases) { bonus in
            var setting = ToySetting(rule, bonus, method, .fixed(2), limit: 4)
            let quiet = ExactLaw(setting)
            for fault in ToyFault.allCases {
                setting.fault = fault
                let exact = ExactLaw(setting)
                expectFault(exact, setting)
                #expect(distance(exact.law, quiet.law) < 1e-12, "\(setting.testDescription): the network shows")
                #expect(exact.lengths == quiet.lengths, "\(setting.testDescription): a round lost its draft")
            }
        }
    }

    @Test(arguments: ToyFault.allCases, RuleSettings.VerifyMethod.allCases)
    func adaptiveLengths(fault: ToyFault, method: RuleSettings.VerifyMethod) {
        var setting = ToySetting(RuleSettings(rule: .tokenV3, alpha: 0.5), .target, method, .adaptive, limit: 4)
        setting.fault = fault
        expectFault(ExactLaw(setting), setting)
    }

    /// The law is exact, and the fault was not only planned: the coordinator met it.
    private func expectFault(_ exact: ExactLaw, _ setting: ToySetting) {
        expectAnswerLaw(exact, setting)
        #expect(exact.faults > 0, "\(setting.testDescription): nothing happened on the network")
        for transition in setting.fault?.transitions ?? [] {
            #expect(exact.transitions[transition] > 0, "\(setting.testDescription): no \(transition)")
        }
    }
}
