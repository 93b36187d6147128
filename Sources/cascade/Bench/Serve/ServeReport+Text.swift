internal import CascadeCore

extension ServeReport {
    /// The report for people.
    var text: String {
        var parts = [
            head, table(Self.speedTitles, speedRow), table(Self.latencyTitles, latencyRow),
            table(Self.serviceTitles, serviceRow),
        ]
        if let comparison = comparison.value { parts.append(comparison.text) }
        if !complete { parts.append("interrupted: this is what was measured so far") }
        return parts.joined(separator: "\n\n")
    }

    private var head: String {
        let models = nodes.map { "\($0.role) \($0.model)" }.joined(separator: ", ")
        let kind = synthetic ? "SYNTHETIC NODES, no models: this measures the service" : models
        let rule = request.rule.value ?? "the coordinator's default rule"
        return """
            \(endpoint), cascade \(build): \(kind)
            \(plural(prompts.count, "prompt")) of \(prompts.file), at most \(plural(request.maxTokens, "token")), \
            \(rule), temperature \(Self.fixed(request.temperature, 1)); \(turns) turns, settings interleaved
            """
    }

    private static let speedTitles = [
        "JOBS", "K", "DONE", "FAILED", "JOBS/S", "TOKENS/S", "RATIO", "MS/ROUND", "ACCEPTED", "OF JUDGED", "LENGTH",
        "COPIED",
    ]

    private func speedRow(_ point: ServePoint) -> [String] {
        [
            "\(point.concurrency)", point.numSpeculativeTokens, "\(point.requests)", "\(point.failures)",
            Self.fixed(point.jobsPerSecond, 2), Self.fixed(point.tokensPerSecond, 1),
            Self.fixed(point.ratioToNoDrafts, 2), Self.fixed(point.msPerRound, 2),
            Self.fixed(point.speculation.draftAcceptanceRate, 3),
            Self.fixed(point.speculation.judgedAcceptanceRate, 3),
            Self.fixed(point.speculation.meanAcceptanceLength, 2), Self.fixed(point.speculation.copiedShare, 3),
        ]
    }

    private static let latencyTitles = [
        "JOBS", "K", "FIRST TOKEN ms p50", "p90", "p99", "BETWEEN TOKENS ms p50", "p90", "p99", "WHOLE ms p50", "p90",
        "p99",
    ]

    private func latencyRow(_ point: ServePoint) -> [String] {
        ["\(point.concurrency)", point.numSpeculativeTokens] + Self.percentiles(point.latencyMs.firstToken, 0)
            + Self.percentiles(point.latencyMs.betweenTokens, 1) + Self.percentiles(point.latencyMs.whole, 0)
    }

    private static let serviceTitles = [
        "JOBS", "K", "ROUNDS/S", "COORDINATOR ms/round", "OF WALL", "BYTES/round", "/token", "/drafted", "BUSY",
        "CORES", "CLIENT",
    ]

    private func serviceRow(_ point: ServePoint) -> [String] {
        let busy = point.nodes.map { "\($0.role) \(Self.fixed($0.busyFraction, 2))" }.joined(separator: ", ")
        let cores = point.hosts.map { host in
            Self.fixed(host.cpuCores, 2) + (host.cores.value.map { " of \($0)" } ?? "")
        }.joined(separator: ", ")
        return [
            "\(point.concurrency)", point.numSpeculativeTokens, Self.fixed(point.coordinator.roundsPerSecond, 1),
            Self.fixed(point.coordinator.cpuMsPerRound, 3),
            Self.fixed(point.coordinator.cpuShareOfWall.value.map { 100 * $0 }, 2) + " %",
            Self.fixed(point.wire.bytesPerRound, 0), Self.fixed(point.wire.bytesPerToken, 0),
            Self.fixed(point.wire.bytesPerDraftedPosition, 0), busy, cores, Self.fixed(point.clientCpuCores, 2),
        ]
    }

    private func table(_ titles: [String], _ row: (ServePoint) -> [String]) -> String {
        Table.text([titles] + points.map(row))
    }

    private static func percentiles(_ values: ServePoint.Percentiles, _ decimals: Int) -> [String] {
        [values.p50, values.p90, values.p99].map { fixed($0, decimals) }
    }

    private static func fixed(_ value: Nullable<Double>, _ decimals: Int) -> String { fixed(value.value, decimals) }

    private static func fixed(_ value: Double?, _ decimals: Int) -> String {
        value.map { SubmitSummary.fixed($0, decimals) } ?? "-"
    }
}
