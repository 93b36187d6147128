internal import ArgumentParser
internal import CascadeCoordinator
internal import CascadeCore

/// What the operator says about rules.
struct RulePolicyOptions: ParsableArguments {
    @Option(
        help: """
            Rules that jobs may ask for, separated by commas; lossless is always allowed (default: all). With \
            --allow-rules lossless every answer has the expert's own distribution.
            """
    )
    var allowRules: RuleList?

    @Option(help: "The rule of jobs that name none.")
    var defaultRule = RuleSettings.Rule.lossless

    @Option(
        parsing: .unconditional,
        help: "Alpha of the default rule (default: the rule's own).",
        transform: DecimalNumber.parse
    )
    var defaultAlpha: Double?

    /// The policy.
    var policy: RulePolicy {
        RulePolicy(
            allowed: allowRules?.rules ?? RuleSettings.Rule.allCases,
            defaultRule: defaultRule,
            defaultAlpha: defaultAlpha
        )
    }

    /// The same, as arguments of another process.
    var arguments: [String] {
        var arguments = ["--default-rule", defaultRule.rawValue]
        if let allowRules { arguments += ["--allow-rules", allowRules.defaultValueDescription] }
        if let defaultAlpha { arguments.append("--default-alpha=\(defaultAlpha)") }
        return arguments
    }

    func validate() throws {
        if let problem = policy.problem { throw ValidationError(problem) }
    }
}

/// Rules, separated by commas.
struct RuleList: ExpressibleByArgument {
    var rules: [RuleSettings.Rule]

    init?(argument: String) {
        rules = []
        for name in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let rule = RuleSettings.Rule(rawValue: String(name)) else { return nil }
            rules.append(rule)
        }
    }

    var defaultValueDescription: String { rules.map(\.rawValue).joined(separator: ",") }
}
