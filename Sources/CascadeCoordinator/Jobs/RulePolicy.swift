package import CascadeCore

/// What the operator says about rules: which ones jobs may ask for, and which one holds where a job asks for none.
package struct RulePolicy: Equatable, Sendable {
    /// Rules that jobs may ask for; `lossless`, which changes nothing of what the expert says, always may be.
    package var allowed: Set<RuleSettings.Rule>
    /// The rule where a job names none.
    package var defaultRule: RuleSettings.Rule
    /// Its knob; nil is the rule's own default.
    package var defaultAlpha: Double?

    /// Creates a policy; the defaults allow everything and change nothing.
    package init(
        allowed: some Sequence<RuleSettings.Rule> = RuleSettings.Rule.allCases,
        defaultRule: RuleSettings.Rule = .lossless,
        defaultAlpha: Double? = nil
    ) {
        self.allowed = Set(allowed).union([.lossless])
        self.defaultRule = defaultRule
        self.defaultAlpha = defaultAlpha
    }

    /// What is wrong with the policy, in words for the operator; nil when it is sound.
    package var problem: String? {
        if !allowed.contains(defaultRule) {
            return "the default rule \(defaultRule.rawValue) is not among the allowed rules (\(names))"
        }
        if defaultAlpha != nil, defaultRule.defaultAlpha == nil {
            return "rule \(defaultRule.rawValue) has no alpha: name another default rule, or leave the alpha out"
        }
        // At a temperature at which every rule does something.
        return RuleSettings(rule: defaultRule, alpha: defaultAlpha).problem(sampling: SamplingSettings(temperature: 1))
    }

    /// The rule of jobs that name none.
    var defaultSettings: RuleSettings { RuleSettings(rule: defaultRule, alpha: defaultAlpha) }

    /// Puts the default rule in the place of a rule that the job did not name.
    func resolve(_ submit: inout Submit) {
        guard submit.usesDefaultRule else { return }
        submit.rule.rule = defaultRule
        submit.rule.alpha = defaultAlpha ?? defaultRule.defaultAlpha ?? 0
    }

    /// Why a job may not have `rule`, in words for its user; nil where it may.
    func refusal(of rule: RuleSettings.Rule) -> String? {
        allowed.contains(rule) ? nil : "this cluster does not allow rule \(rule.rawValue); it allows \(names)"
    }

    private var names: String {
        RuleSettings.Rule.allCases.filter(allowed.contains).map(\.rawValue).joined(separator: ", ")
    }
}
