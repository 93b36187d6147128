internal import ArgumentParser
internal import CascadeCore

/// How the processed row is made from logits.
struct SamplingOptions: ParsableArguments {
    @Option(help: "Keep the k most likely tokens; 0 keeps all.")
    var topK = 0

    @Option(
        help: "Keep the most likely tokens whose probabilities add up to this (default: 1).",
        transform: DecimalNumber.parse
    )
    var topP = 1.0

    @Option(
        help: "Keep tokens with at least this share of the most likely one's probability (default: 0).",
        transform: DecimalNumber.parse
    )
    var minP = 0.0

    @Option(
        parsing: .unconditional,
        help: """
            Take this off the logit of each token that the answer has already: -2 to 2; a negative number favours them \
            (default: 0).
            """,
        transform: DecimalNumber.parse
    )
    var presencePenalty = 0.0

    @Option(
        parsing: .unconditional,
        help: """
            Take this off the logit of a token for each time that the answer has it already: -2 to 2 (default: 0).
            """,
        transform: DecimalNumber.parse
    )
    var frequencyPenalty = 0.0

    @Option(
        help: """
            Divide the logit of each token that the prompt or the answer has already by this where it is positive, \
            else multiply it: above 0, at most 100; 1 is off (default: 1).
            """,
        transform: DecimalNumber.parse
    )
    var repetitionPenalty = 1.0

    @Option(
        help: ArgumentHelp(
            """
            Add a bias from -100 to 100 to the logit of a token, named by its number ('cascade model tokenize' shows \
            them); may be given for up to \(LogitBias.most) tokens.
            """,
            valueName: "token=bias"
        ),
        transform: TokenBias.parse
    )
    var logitBias: [LogitBias] = []

    @Option(
        help: "Seed of the random numbers (default: a random one; the answer's summary shows it above temperature 0).",
        transform: DecimalNumber.parseSeed
    )
    var seed: UInt64?

    /// The settings at a temperature.
    func settings(temperature: Double) -> SamplingSettings {
        SamplingSettings(
            temperature: temperature,
            topK: topK,
            topP: topP,
            minP: minP,
            presencePenalty: presencePenalty,
            frequencyPenalty: frequencyPenalty,
            repetitionPenalty: repetitionPenalty,
            logitBias: logitBias.sorted { $0.token < $1.token }
        )
    }
}

/// Knobs of speculation.
struct ResearchOptions: ParsableArguments {
    @Option(
        help: """
            Tokens drafted per round: 0 to \(JobLimits.standard.draftTokens), where 0 switches drafts off, or \
            adaptive, which chooses by measured cost and acceptance (default: the coordinator's, which is adaptive \
            unless its operator chose another).
            """
    )
    var numSpeculativeTokens: DraftLength?

    @Option(
        help: """
            What drafts: model (a drafter node), lookup (copies what followed the same tokens before; needs no \
            drafter) or both.
            """
    )
    var drafterKind = DrafterKind.both

    @Option(
        help: """
            Second knob of rule \(SecondKnob.delta.rule): a kept token needs at most this share of exp(-entropy) \
            (default: \(RuleSettings().delta)).
            """,
        transform: DecimalNumber.parse
    )
    var delta: Double?

    @Option(
        help: """
            Second knob of rule \(SecondKnob.topN.rule): a kept token is among so many of the expert's likeliest \
            (default: \(RuleSettings().topN)).
            """
    )
    var topN: Int?

    @Option(
        help: """
            How a draft is judged: rejection (position by position), block (as a whole, which accepts more) or coupled \
            (with random numbers that drafter and expert share; rule lossless then gives the same answer with and \
            without drafts).
            """
    )
    var verifyMethod = RuleSettings.VerifyMethod.rejection

    @Option(help: "Probabilities that the rule reads: raw (temperature 1, untruncated) or processed (as sampled).")
    var gate = RuleSettings.Gate.raw

    @Option(
        help: """
            Token after a draft that is accepted whole: target (the expert's) or rule (none: the rule judges all \
            tokens).
            """
    )
    var bonus = RuleSettings.Bonus.target

    @Option(help: "Tokens at the start of the answer that are judged as in lossless, whatever the rule.")
    var strictPrefixTokens = 0

    @Option(
        help: "Stop a draft where the drafter's largest probability is below this (default: 0).",
        transform: DecimalNumber.parse
    )
    var draftPMin = 0.0

    func validate() throws {
        try numSpeculativeTokens?.validate()
        guard (0..<1).contains(draftPMin) else { throw ValidationError("--draft-p-min must be at least 0 and below 1") }
        try Limits.check("--strict-prefix-tokens", strictPrefixTokens, in: 0...1_000_000)
    }
}

/// Which cluster answers, and how long it is waited for.
struct SubmitClusterOptions: ParsableArguments {
    @OptionGroup var endpoint: EndpointOptions

    @Option(help: "The pool that answers.")
    var pool = "default"

    @Option(
        help: "Seconds to wait for a coordinator that does not answer (default: 15).",
        transform: Seconds.parse
    )
    var timeout: Seconds = 15

    func validate() throws {
        if let problem = JobLimits.standard.problem(ofPool: pool) { throw ValidationError("--pool: \(problem)") }
    }
}

extension Priority: ExpressibleByArgument {}
extension DrafterKind: ExpressibleByArgument {}
extension RuleSettings.Rule: ExpressibleByArgument {
    /// Names of those whose knob keeps less where it is higher.
    static var tightened: String {
        allCases.filter { $0.traits.alpha.map { $0.ladder[0] > $0.ladder[1] } ?? false }
            .map(\.rawValue).joined(separator: " and ")
    }
}
extension RuleSettings.Gate: ExpressibleByArgument {}
extension RuleSettings.Bonus: ExpressibleByArgument {}
extension RuleSettings.VerifyMethod: ExpressibleByArgument {}
