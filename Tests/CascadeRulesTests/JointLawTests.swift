import CascadeCore
import Testing

@testable import CascadeRules

/// The exact joint law of whole answers, through the drafter's draw, the expert's evidence and the coordinator's walk
/// over several rounds: not sampled but enumerated (decisions.md 19).
struct JointLawTests {
    static let rules: [RuleSettings] = [
        RuleSettings(rule: .lossless), RuleSettings(rule: .chow, alpha: 0.5), RuleSettings(rule: .tokenV3, alpha: 0.5),
        RuleSettings(rule: .tokenLT, alpha: 0.5),
    ]

    private func check(_ service: Service, _ comment: Comment? = nil) {
        let law = service.enumerated()
        #expect(abs(law.values.reduce(0, +) - 1) < 1e-12, comment)
        #expect(distance(law, service.reference) < 1e-12, comment)
        if service.rule.rule == .lossless { #expect(distance(law, service.expertAlone) < 1e-12, comment) }
        if service.rule.bonus == .rule { #expect(distance(law, service.ruleAlone) < 1e-12, comment) }
    }

    private func settings(_ rule: RuleSettings, _ bonus: RuleSettings.Bonus) -> RuleSettings {
        var rule = rule
        rule.bonus = bonus
        return rule
    }

    @Test(arguments: rules, RuleSettings.Bonus.allCases)
    func mixedPair(rule: RuleSettings, bonus: RuleSettings.Bonus) {
        for draftLength in 1...3 {
            check(
                Service(
                    pair: .eighths,
                    rule: settings(rule, bonus),
                    draftLength: draftLength,
                    limit: bonus == .target ? draftLength + 1 : draftLength
                ),
                "draft length \(draftLength)"
            )
        }
    }

    @Test(arguments: rules, RuleSettings.Bonus.allCases)
    func longerTexts(rule: RuleSettings, bonus: RuleSettings.Bonus) {
        // token-v3 has more thresholds, so more combinations.
        let limit = rule.rule == .tokenV3 ? 4 : 6
        for draftLength in 1...4 {
            check(
                Service(pair: .halves, rule: settings(rule, bonus), draftLength: draftLength, limit: limit),
                "draft length \(draftLength)"
            )
        }
    }

    /// All drafts and all evidence first, as over the wire: draws that turn out not to be needed change nothing.
    @Test(arguments: rules, RuleSettings.Bonus.allCases)
    func wholeDrafts(rule: RuleSettings, bonus: RuleSettings.Bonus) {
        check(Service(pair: .halves, rule: settings(rule, bonus), draftLength: 2, limit: 3, isLazy: false))
        check(Service(pair: .halves, rule: settings(rule, bonus), draftLength: 3, limit: 3, isLazy: false))
    }

    @Test(arguments: rules)
    func strictPrefix(rule: RuleSettings) {
        var rule = settings(rule, .rule)
        rule.strictPrefixTokens = 2
        check(Service(pair: .halves, rule: rule, draftLength: 3, limit: 4))
    }

    /// The rules differ from each other and from the expert: equality above is not for want of anything to tell apart.
    @Test func rulesDiffer() {
        let laws = Self.rules.map {
            Service(pair: .eighths, rule: settings($0, .rule), draftLength: 2, limit: 3).ruleAlone
        }
        for a in laws.indices {
            for b in 0..<a { #expect(distance(laws[a], laws[b]) > 0.02) }
        }
    }

    /// A draft length may depend on what was discarded, because a new round's keys carry a new base.
    @Test func draftLengthMayLookAtDiscardedDrafts() {
        for token: Token in [0, 1, 2] {
            check(
                Service(pair: .halves, rule: RuleSettings(), draftLength: 3, limit: 4, isLazy: false, shyOf: token),
                "shy of \(token)"
            )
        }
    }

    /// Stopping early is sound by the row's maximum, and behind a token that is still shipped.
    @Test func earlyStopsThatAreSound() {
        var service = Service(pair: .eighths, rule: RuleSettings(), draftLength: 2, limit: 3)
        service.minimumConfidence = 0.4
        #expect(distance(service.enumerated(), service.expertAlone) < 1e-12)
        service.minimumConfidence = 0
        service.endsBelow = 0.3
        #expect(distance(service.enumerated(), service.expertAlone) < 1e-12)
    }

    // MARK: Planted bugs, each of which the enumeration must catch.

    @Test func catchesKeysWithoutBase() {
        let shy = [Token(0), 1, 2].map {
            Service(pair: .halves, rule: RuleSettings(), draftLength: 3, limit: 4, isLazy: false, shyOf: $0)
        }
        let errors = shy.map { distance($0.enumeratedWithoutBase(), $0.expertAlone) }
        #expect((errors.max() ?? 0) > 0.01, "\(errors)")
    }

    @Test(arguments: [ToyPair.eighths, .twins])
    func catchesEarlyStopOnTheDraftedToken(pair: ToyPair) {
        let service = Service(pair: pair, rule: RuleSettings(), draftLength: 2, limit: 3, dropsBelow: 0.3)
        #expect(distance(service.enumerated(), service.expertAlone) > 0.01)
    }

    @Test(arguments: [RuleSettings.Rule.tokenV3, .tokenLT])
    func catchesAGuardOfTheCoinOnly(rule: RuleSettings.Rule) {
        let settings = RuleSettings(rule: rule, alpha: 0.75, bonus: .rule)
        let service = Service(pair: .halves, rule: settings, draftLength: 2, limit: 3, overridesCoin: true)
        #expect(distance(service.enumerated(), service.ruleAlone) > 0.01)
        var unguarded = service.chained { last, strict in
            var one = service.pair.reference(after: last, settings: settings, strict: strict)
            one.guardTokens = []
            return one.pi
        }
        unguarded = unguarded.filter { $0.value > 0 }
        #expect(distance(service.enumerated(), unguarded) > 0.01)
    }

    // MARK: Temperature 0

    /// G1 and G3 of decisions.md 7: at temperature 0 nothing depends on the draft length or on any number drawn.
    @Test(arguments: rules)
    func greedyAnswersDoNotDependOnTheRound(rule: RuleSettings) {
        var answers: Set<[Token]> = []
        for pair in [ToyPair.eighths, .halves] {
            var pair = pair
            pair.isGreedy = true
            answers = []
            for draftLength in 1...4 {
                let settings = settings(rule, .rule)
                let service = Service(pair: pair, rule: settings, draftLength: draftLength, limit: 6)
                for seed in 0..<20 { answers.insert(service.answer(PhiloxDraws(seed: UInt64(seed)))) }
                if rule.rule == .lossless {
                    let target = Service(
                        pair: pair,
                        rule: self.settings(rule, .target),
                        draftLength: draftLength,
                        limit: 6
                    )
                    answers.insert(target.answer(PhiloxDraws(seed: 1)))
                    answers.formUnion(service.expertAlone.keys)
                }
            }
            #expect(answers.count == 1, "\(answers)")
        }
    }
}
