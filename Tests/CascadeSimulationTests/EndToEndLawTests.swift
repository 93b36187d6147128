import CascadeCore
import CascadeTestSupport
import Testing

/// The joint law of whole answers through coordinator, wire, drafter and expert: not sampled but enumerated
/// (decisions.md 19), against the law that the rule's definition gives.
struct EndToEndLawTests {
    private static let lengths: [DraftLength] = [.fixed(0), .fixed(1), .fixed(2), .fixed(3), .fixed(4), .adaptive]

    @Test(arguments: ToyRules.family, [RuleSettings.VerifyMethod.rejection, .block])
    func wholeAnswers(rule: RuleSettings, method: RuleSettings.VerifyMethod) async {
        await concurrently(Self.settings(Self.lengths, rule, method)) { expectAnswerLaw(ExactLaw($0), $0) }
    }

    /// By shared races: a token stands if the rule keeps it or the expert drew the same (decisions.md 6). Few rules,
    /// and the longest drafts under two of them: races have many outcomes.
    @Test func coupledAnswers() async {
        let long = [RuleSettings(rule: .lossless), RuleSettings(rule: .tokenLT, alpha: 0.25)]
        let short = [RuleSettings(rule: .tokenV2, alpha: 0.2), RuleSettings(rule: .lossy, alpha: 0.5)]
        let settings =
            long.flatMap { Self.settings(Self.lengths, $0, .coupled) }
            + short.flatMap { Self.settings(Array(Self.lengths.prefix(4)), $0, .coupled) }
        // Two of them take half of the time: they begin, each on a core of its own.
        await concurrently(settings.sorted { $0.limit > $1.limit }) { expectAnswerLaw(ExactLaw($0), $0) }
    }

    private static func settings(
        _ lengths: [DraftLength],
        _ rule: RuleSettings,
        _ method: RuleSettings.VerifyMethod
    ) -> [ToySetting] {
        RuleSettings.Bonus.allCases.flatMap { bonus in
            lengths.map { length in
                // Behind a draft of four that is accepted comes a bonus.
                ToySetting(rule, bonus, method, length, limit: length == .fixed(4) && bonus == .target ? 5 : 4)
            }
        }
    }

    /// With more tokens to choose from, and raw rows that differ from processed ones; too many outcomes for longer
    /// answers.
    @Test(arguments: ToyRules.family, RuleSettings.VerifyMethod.allCases)
    func finerRows(rule: RuleSettings, method: RuleSettings.VerifyMethod) async {
        await concurrently(RuleSettings.Bonus.allCases) { bonus in
            var setting = ToySetting(rule, bonus, method, .fixed(2), limit: 3)
            setting.pair = .eighths
            expectAnswerLaw(ExactLaw(setting), setting)
        }
    }

    /// The first positions of an answer are judged losslessly.
    @Test(arguments: ToyRules.few, RuleSettings.VerifyMethod.allCases)
    func strictPrefix(rule: RuleSettings, method: RuleSettings.VerifyMethod) {
        var rule = rule
        rule.strictPrefixTokens = 2
        for bonus in RuleSettings.Bonus.allCases {
            let setting = ToySetting(rule, bonus, method, .fixed(2), limit: 4)
            expectAnswerLaw(ExactLaw(setting), setting)
        }
    }

    /// A drafter may stop where its row is flat: it looks at the row, not at what was drawn from it.
    @Test(arguments: ToyRules.few, RuleSettings.VerifyMethod.allCases)
    func stopsBeforeFlatRows(rule: RuleSettings, method: RuleSettings.VerifyMethod) {
        for bonus in RuleSettings.Bonus.allCases {
            var setting = ToySetting(rule, bonus, method, .fixed(2), limit: 4)
            setting.pair.drafter[0] = [0, 4, 0, 4]
            setting.pair.drafter[1] = [3, 3, 0, 2]
            let whole = ExactLaw(setting)
            setting.minimumConfidence = 0.4
            let exact = ExactLaw(setting)
            expectAnswerLaw(exact, setting)
            #expect(exact.counts.drafted < whole.counts.drafted, "\(setting.testDescription): it never stopped")
        }
    }

    /// What is drafted behind an end token is cut off and changes nothing.
    @Test(arguments: ToyRules.few, RuleSettings.VerifyMethod.allCases)
    func draftsBehindEnds(rule: RuleSettings, method: RuleSettings.VerifyMethod) {
        for bonus in RuleSettings.Bonus.allCases {
            var setting = ToySetting(rule, bonus, method, .fixed(2), limit: 4)
            setting.draftsBehindEnds = true
            let exact = ExactLaw(setting)
            expectAnswerLaw(exact, setting)
            #expect(exact.counts.cut > 0, "\(setting.testDescription): nothing was cut")
        }
    }

    /// An adaptive length is none of the fixed ones: behind as many tokens it depends on what was accepted of them.
    @Test(arguments: RuleSettings.VerifyMethod.allCases)
    func adaptiveLengthsDiffer(method: RuleSettings.VerifyMethod) {
        var setting = ToySetting(RuleSettings(), .target, method, .adaptive, limit: 4)
        // A rejected token need not end the answer, and a slow drafter must be good to be worth its time.
        setting.pair.drafter[0] = [4, 0, 0, 4]
        setting.drafterCosts = [CostPoint(rows: 1, milliseconds: 8)]
        let exact = ExactLaw(setting)
        expectAnswerLaw(exact, setting)
        let behindTwo = exact.lengths.filter { $0.key.flatMap(\.committed).count == 2 }
        #expect(Set(behindTwo.values) == [0, 1])
    }

    /// Rules differ from each other: the equalities above are not for want of anything to tell apart.
    @Test(arguments: RuleSettings.VerifyMethod.allCases)
    func rulesDiffer(method: RuleSettings.VerifyMethod) {
        let laws = ToyRules.few.prefix(3).map { rule in
            var setting = ToySetting(rule, .rule, method, .fixed(2), limit: 3)
            setting.pair = .eighths
            return ExactLaw(setting).law
        }
        for (left, right) in [(0, 1), (0, 2), (1, 2)] { #expect(distance(laws[left], laws[right]) > 0.01) }
    }
}
