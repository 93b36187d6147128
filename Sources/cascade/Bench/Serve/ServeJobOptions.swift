internal import ArgumentParser
internal import CascadeCore

/// What the jobs of `cascade bench serve` ask for, with the names that `submit` has.
struct ServeJobOptions: ParsableArguments {
    @Option(help: "Rule that decides which drafted tokens stand (default: the coordinator's).")
    var rule: RuleSettings.Rule?

    @Option(
        parsing: .unconditional,
        help: "The rule's knob (default: the rule's own).",
        transform: DecimalNumber.parse
    )
    var alpha: Double?

    @Option(help: "How a draft is judged: rejection, block or coupled.")
    var verifyMethod = RuleSettings.VerifyMethod.rejection

    @Option(
        parsing: .unconditional,
        help: "Softmax temperature; 0 is greedy (default: 0).",
        transform: DecimalNumber.parse
    )
    var temperature = 0.0

    @OptionGroup var sampling: SamplingOptions

    @Option(help: "What drafts: model, lookup or both.")
    var drafterKind = DrafterKind.both

    @Flag(help: "Send the prompts as they are, without the model's chat template.")
    var raw = false

    func validate() throws {
        if alpha != nil, rule?.defaultAlpha == nil {
            throw ValidationError("--alpha is the knob of a rule other than lossless; name one, e.g. --rule token-v3")
        }
        if rule?.isSequential == true, drafterKind != .model {
            throw ValidationError("rule \(rule?.rawValue ?? "") needs --drafter-kind model")
        }
        let settings = sampling.settings(temperature: temperature)
        if let problem = settings.problem ?? (rule == nil ? nil : ruleSettings.problem(sampling: settings)) {
            throw ValidationError(problem)
        }
    }

    private var ruleSettings: RuleSettings {
        RuleSettings(rule: rule ?? .lossless, alpha: alpha, verifyMethod: verifyMethod)
    }

    /// A job without its prompt, draft length and numbers.
    func template(pool: String, maxTokens: Int) -> Submit {
        Submit(
            requestID: 1,
            submitKey: Hash128(high: 0, low: 0),
            pool: pool,
            prompt: [],
            format: raw ? .raw : .automatic,
            sampling: sampling.settings(temperature: temperature),
            rule: ruleSettings,
            usesDefaultRule: rule == nil,
            maxTokens: UInt32(maxTokens),
            drafterKind: drafterKind,
            follow: true
        )
    }

    /// The same for the report.
    func request(maxTokens: Int, seed: UInt64) -> ServeReport.Request {
        ServeReport.Request(
            rule: Nullable(rule?.rawValue),
            alpha: Nullable(ruleSettings.ownAlpha),
            verifyMethod: verifyMethod.rawValue,
            temperature: temperature,
            topK: sampling.topK,
            topP: sampling.topP,
            minP: sampling.minP,
            drafterKind: drafterKind.rawValue,
            maxTokens: maxTokens,
            raw: raw,
            seed: seed
        )
    }
}
