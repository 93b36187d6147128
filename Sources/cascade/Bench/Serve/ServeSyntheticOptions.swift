internal import ArgumentParser
internal import CascadeNode

/// A cluster of synthetic nodes for `cascade bench serve`.
struct ServeSyntheticOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Measure the service alone: start a cluster whose nodes make answers up, so that this share is accepted.",
            discussion: """
                Starts its own coordinator, drafter and expert, whatever --endpoint says, and ends them with the \
                measurement.
                """,
            valueName: "share"
        ),
        transform: DecimalNumber.parse
    )
    var syntheticAcceptance: Double?

    @Option(
        help: ArgumentHelp(
            "Time of the drafter's pass: milliseconds by tokens, e.g. 1:9,8:12 (default: no time).",
            valueName: "tokens:ms,…"
        )
    )
    var syntheticDrafterMs: CostPointList?

    @Option(help: ArgumentHelp("The same for the expert, e.g. 1:20,8:24,16:44.", valueName: "tokens:ms,…"))
    var syntheticExpertMs: CostPointList?

    @Option(help: ArgumentHelp("Where its coordinator keeps jobs (default: in memory only).", valueName: "file"))
    var syntheticStore: String?

    func validate() throws {
        guard let acceptance = syntheticAcceptance else {
            guard syntheticDrafterMs == nil, syntheticExpertMs == nil, syntheticStore == nil else {
                throw ValidationError("--synthetic-drafter-ms, -expert-ms and -store need --synthetic-acceptance")
            }
            return
        }
        for curve in [syntheticDrafterMs, syntheticExpertMs] {
            let settings = SyntheticSettings(acceptance: acceptance, costs: curve?.points ?? [])
            if let problem = settings.problem { throw ValidationError("synthetic nodes: \(problem)") }
        }
    }

    /// The cluster's settings; nil where a running cluster is measured.
    func settings(maxNumSeqs: Int) -> SyntheticCluster.Settings? {
        syntheticAcceptance.map {
            SyntheticCluster.Settings(
                acceptance: $0,
                drafter: syntheticDrafterMs,
                expert: syntheticExpertMs,
                store: syntheticStore,
                maxNumSeqs: maxNumSeqs
            )
        }
    }
}
