import CascadeCore
import Testing

@testable import CascadeCoordinator

/// What the operator says about rules.
struct RulePolicyTests {
    private static func cluster(_ policy: RulePolicy) -> Harness {
        var limits = Harness.fixed
        limits.rules = policy
        return Harness.pair(limits: limits)
    }

    @Test func aJobThatNamesNoRuleGetsTheDefault() throws {
        var harness = Self.cluster(RulePolicy(defaultRule: .tokenV3, defaultAlpha: 0.25))
        var submit = harness.submission()
        submit.usesDefaultRule = true
        let job = harness.submit(submit)
        // The same once more is the same job, whatever stands for the rule.
        #expect(harness.submit(submit) == job)
        harness.settle()
        let report = try #require(harness.report(job))
        #expect(report.rule == RuleSettings(rule: .tokenV3, alpha: 0.25))
        var named = harness.submission()
        named.rule = RuleSettings(rule: .chow)
        let other = harness.submit(named)
        harness.settle()
        #expect(try #require(harness.report(other)).rule == RuleSettings(rule: .chow))
    }

    @Test func theDefaultHasItsOwnAlpha() throws {
        var harness = Self.cluster(RulePolicy(defaultRule: .opt))
        var submit = harness.submission()
        submit.usesDefaultRule = true
        let job = harness.submit(submit)
        harness.settle()
        #expect(try #require(harness.report(job)).rule == RuleSettings(rule: .opt))
    }

    @Test func whatIsNotAllowedIsRefusedByName() throws {
        var harness = Self.cluster(RulePolicy(allowed: [.tokenV3]))
        for rule in RuleSettings.Rule.allCases {
            var submit = harness.submission()
            submit.sampling.temperature = 1
            submit.rule = RuleSettings(rule: rule)
            let job = harness.submit(submit)
            #expect((job != nil) == [.tokenV3, .lossless].contains(rule), "\(rule)")
            guard job == nil else { continue }
            let refused = try #require(harness.refusals().last)
            #expect(refused.message.contains("rule \(rule.rawValue)"))
            #expect(refused.message.contains("lossless, token-v3"))
        }
    }

    /// A default that does nothing at the job's temperature is refused, not silently another rule.
    @Test func aDefaultThatNeedsATemperature() throws {
        var harness = Self.cluster(RulePolicy(defaultRule: .lossy))
        var submit = harness.submission()
        submit.usesDefaultRule = true
        #expect(harness.submit(submit) == nil)
        #expect(try #require(harness.refusals().last).message.contains("temperature 0"))
    }

    @Test(arguments: [
        (RulePolicy(allowed: [.chow], defaultRule: .opt), "not among the allowed"),
        (RulePolicy(defaultRule: .tokenV3, defaultAlpha: 2), "between 0.0 and 1.0"),
        (RulePolicy(defaultRule: .lossless, defaultAlpha: 0.5), "has no alpha"),
        (RulePolicy(defaultRule: .opt, defaultAlpha: .nan), "finite"),
    ])
    func nonsenseIsNamed(policy: RulePolicy, words: String) {
        #expect(policy.problem?.contains(words) == true)
        var limits = CoordinatorLimits()
        limits.rules = policy
        #expect(limits.problem == policy.problem)
    }

    @Test func soundPoliciesHaveNoProblem() {
        #expect(RulePolicy().problem == nil)
        #expect(RulePolicy(allowed: []).problem == nil)
        #expect(RulePolicy(allowed: [.lossy], defaultRule: .lossy, defaultAlpha: 0.2).problem == nil)
    }
}
