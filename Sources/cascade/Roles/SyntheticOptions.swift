internal import ArgumentParser
internal import CascadeNode

/// Whether a node makes its answers up; `expert` and `drafter` have these.
struct SyntheticOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Make answers up instead of computing them, so that this share of drafted tokens is accepted: 0 to 1.",
            discussion: """
                The service around the node can then be measured without models: see 'cascade bench serve'. All nodes \
                of a pool must have the same share; a pool has either synthetic nodes or models. Leave --model out.
                """,
            valueName: "share"
        ),
        transform: DecimalNumber.parse
    )
    var syntheticAcceptance: Double?

    @Option(
        help: ArgumentHelp(
            "Time of a synthetic node's pass: milliseconds by tokens, e.g. 1:20,8:24,16:44 (default: no time).",
            valueName: "tokens:ms,…"
        )
    )
    var syntheticMs: CostPointList?

    func validate() throws {
        if syntheticMs != nil, syntheticAcceptance == nil {
            throw ValidationError("--synthetic-ms needs --synthetic-acceptance")
        }
        if let problem = settings?.problem { throw ValidationError("synthetic node: \(problem)") }
    }

    /// The settings; nil for a model.
    var settings: SyntheticSettings? {
        syntheticAcceptance.map { SyntheticSettings(acceptance: $0, costs: syntheticMs?.points ?? []) }
    }
}
