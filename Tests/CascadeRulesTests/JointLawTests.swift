import CascadeCore
import CascadeTestSupport
import Testing

@testable import CascadeRules

/// The exact joint law of whole answers, through the drafter's draw, the expert's evidence and the coordinator's walk
/// over several rounds: not sampled but enumerated (decisions.md 19).
struct JointLawTests {
    static let rules = ToyRules.few
    static let family = ToyRules.family

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

    /// The longest first.
    private static func settings(_ lengths: ClosedRange<Int>) -> [(bonus: RuleSettings.Bonus, draftLength: Int)] {
        lengths.reversed().flatMap { length in RuleSettings.Bonus.allCases.map { ($0, length) } }
    }

    @Test(arguments: family)
    func mixedPair(rule: RuleSettings) async {
        await concurrently(Self.settings(1...3)) { bonus, draftLength in
            check(
                Service(
                    pair: .eighths,
                    rule: settings(rule, bonus),
                    draftLength: draftLength,
                    limit: bonus == .target ? draftLength + 1 : draftLength
                ),
                "draft length \(draftLength), bonus \(bonus)"
            )
        }
    }

    @Test(arguments: family)
    func longerTexts(rule: RuleSettings) async {
        // Most rules have more thresholds, so more combinations.
        let limit = [.lossless, .chow, .tokenLT].contains(rule.rule) ? 6 : 4
        await concurrently(Self.settings(1...4)) { bonus, draftLength in
            check(
                Service(pair: .halves, rule: settings(rule, bonus), draftLength: draftLength, limit: limit),
                "draft length \(draftLength), bonus \(bonus)"
            )
        }
    }

    /// All drafts and all evidence first, as over the wire: draws that turn out not to be needed change nothing.
    @Test(arguments: family, RuleSettings.Bonus.allCases)
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

    // MARK: Block verification

    /// Under `bonus rule` every token is the rule's, so the answer's law is pi at every position; under `lossless` it
    /// is the expert's whatever the bonus.
    @Test(arguments: [
        RuleSettings(rule: .lossless), RuleSettings(rule: .tokenLT, alpha: 0.5),
        RuleSettings(rule: .tokenV3, alpha: 0.5),
        RuleSettings(rule: .lossy, alpha: 0.5), RuleSettings(rule: .ensemble, alpha: 0.5),
        RuleSettings(rule: .chow, alpha: 0.5),
    ])
    func blocks(rule: RuleSettings) {
        for (draftLength, limit) in [(1, 2), (2, 2), (2, 3)] {
            var rule = settings(rule, .rule)
            rule.verifyMethod = .block
            let service = Service(
                pair: .halves,
                rule: rule,
                draftLength: draftLength,
                limit: limit,
                isLazy: false
            )
            let law = service.enumerated()
            #expect(abs(law.values.reduce(0, +) - 1) < 1e-12)
            #expect(distance(law, service.ruleAlone) < 1e-12, "draft length \(draftLength), limit \(limit)")
            guard rule.rule == .lossless else { continue }
            var target = service
            target.rule.bonus = .target
            #expect(distance(target.enumerated(), service.expertAlone) < 1e-12)
        }
    }

    /// Block verification accepts at least as much as verification position by position, and somewhere more.
    @Test func blocksAcceptMore() {
        var accepted: [RuleSettings.VerifyMethod: Int] = [:]
        for method in [RuleSettings.VerifyMethod.rejection, .block] {
            var service = Service(
                pair: .eighths,
                rule: RuleSettings(verifyMethod: method),
                draftLength: 4,
                limit: 5,
                isLazy: false
            )
            for sample in 0..<20_000 {
                service.sample = UInt32(sample)
                accepted[method, default: 0] += service.firstAccepted(PhiloxDraws(seed: 7))
            }
        }
        let (one, whole) = (accepted[.rejection] ?? 0, accepted[.block] ?? 0)
        #expect(Double(whole) > 1.005 * Double(one), "\(whole) tokens against \(one)")
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

    // MARK: Coupled verification

    /// G2 of decisions.md 7: under `lossless` the answer is what the expert alone draws, whatever is drafted. G3: under
    /// other rules, if every token is the rule's, it does not depend on the draft length.
    @Test(arguments: family)
    func coupledAnswersDoNotDependOnTheRound(rule: RuleSettings) {
        for pair in [ToyPair.eighths, .halves] {
            var texts: Set<[Token]> = []
            for seed: UInt64 in 0..<200 {
                var answers: Set<[Token]> = []
                for draftLength in 1...4 {
                    var one = settings(rule, .rule)
                    one.verifyMethod = .coupled
                    var service = Service(pair: pair, rule: one, draftLength: draftLength, limit: 6, isLazy: false)
                    answers.insert(service.answer(PhiloxDraws(seed: seed)))
                    if rule.rule == .lossless {
                        service.rule.bonus = .target
                        answers.insert(service.answer(PhiloxDraws(seed: seed)))
                        service.draftLength = 0
                        answers.insert(service.answer(PhiloxDraws(seed: seed)))
                    }
                }
                #expect(answers.count == 1, "seed \(seed): \(answers)")
                texts.formUnion(answers)
            }
            #expect(texts.count > 20)
        }
    }

    /// How often drafter and expert draw the same token v is 1 / sum of max(p(u) / p(v), q(u) / q(v)) (Daliri et al.,
    /// 2024).
    @Test func coupledDrawsAgreeAsOftenAsTheyShould() {
        let (p, q) = ([0.5, 0.3, 0.15, 0.05], [0.25, 0.25, 0.4, 0.1])
        let (expert, drafter) = (row(p), row(q))
        let count = 100_000
        var agreed = [Int](repeating: 0, count: 4)
        let draws = PhiloxDraws(seed: 3)
        for position in 0..<count {
            let key = DrawKey(.token, position: position, base: 0, sample: 0)
            let (x, y) = (draws.race(drafter, key), draws.race(expert, key))
            if x == y { agreed[x] += 1 }
        }
        for v in 0..<4 {
            let expected = 1 / (0..<4).reduce(0) { $0 + max(p[$1] / p[v], q[$1] / q[v]) }
            let deviation = (expected * (1 - expected) / Double(count)).squareRoot()
            #expect(abs(Double(agreed[v]) / Double(count) - expected) < 4 * deviation, "token \(v)")
        }
    }

    // MARK: Temperature 0

    /// G1 and G3 of decisions.md 7: at temperature 0 nothing depends on the draft length or on any number drawn.
    @Test(arguments: family)
    func greedyAnswersDoNotDependOnTheRound(rule: RuleSettings) {
        var answers: Set<[Token]> = []
        for pair in [ToyPair.eighths, .halves] {
            var pair = pair
            pair.isGreedy = true
            answers = []
            for draftLength in 1...4 {
                var settings = settings(rule, .rule)
                let service = Service(pair: pair, rule: settings, draftLength: draftLength, limit: 6)
                for seed in 0..<20 { answers.insert(service.answer(PhiloxDraws(seed: UInt64(seed)))) }
                for method in RuleSettings.VerifyMethod.allCases {
                    settings.verifyMethod = method
                    var other = service
                    other.rule = settings
                    other.isLazy = false
                    answers.insert(other.answer(PhiloxDraws(seed: 5)))
                }
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
