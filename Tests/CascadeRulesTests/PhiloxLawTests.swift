import CascadeCore
import CascadeTestSupport
import Testing

@testable import CascadeRules

/// The real generator through the whole service, at fixed seeds, against the exact law.
struct PhiloxLawTests {
    @Test(arguments: JointLawTests.rules, RuleSettings.Bonus.allCases)
    func answersFollowTheLaw(rule: RuleSettings, bonus: RuleSettings.Bonus) {
        var rule = rule
        rule.bonus = bonus
        var service = Service(pair: .eighths, rule: rule, draftLength: 2, limit: 3, isLazy: false)
        check(&service, service.reference, count: 100_000)
    }

    private func check(_ service: inout Service, _ law: [[Token]: Double], count: Int) {
        var seen: [[Token]: Int] = [:]
        for sample in 0..<UInt32(count) {
            service.sample = sample
            seen[service.answer(PhiloxDraws(seed: 42)), default: 0] += 1
        }
        let law = law.filter { $0.value > 0 }
        #expect(Set(seen.keys).isSubset(of: law.keys))
        var square = 0.0
        for (answer, weight) in law {
            let expected = weight * Double(count)
            let difference = Double(seen[answer] ?? 0) - expected
            square += difference * difference / expected
        }
        let freedom = Double(law.count - 1)
        #expect(square < freedom + 3.5 * (2 * freedom).squareRoot(), "chi-square \(square) of \(freedom) degrees")
    }

    /// Block verification by the real generator, where an enumeration would be too long.
    @Test(arguments: JointLawTests.family)
    func blocksFollowTheLaw(rule: RuleSettings) {
        var rule = rule
        rule.bonus = .rule
        rule.verifyMethod = .block
        var service = Service(pair: .eighths, rule: rule, draftLength: 3, limit: 3, isLazy: false)
        check(&service, service.ruleAlone, count: 40_000)
    }

    /// A retry of a round repeats its draws to the bit.
    @Test func aRetryRepeatsItself() {
        let service = Service(
            pair: .eighths,
            rule: RuleSettings(rule: .tokenV3, alpha: 0.5),
            draftLength: 3,
            limit: 12
        )
        for seed in 0..<50 {
            let answer = service.answer(PhiloxDraws(seed: UInt64(seed)))
            #expect(service.answer(PhiloxDraws(seed: UInt64(seed))) == answer)
        }
    }
}
