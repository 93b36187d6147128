package import CascadeCore
package import CascadeHost

/// What `cascade bench serve` measured, as JSON and people see it.
package struct ServeReport: Encodable {
    /// Version and commit of this program.
    var build: String
    /// The coordinator, and its program's version.
    var endpoint: String
    var coordinatorBuild: String
    /// Whether nodes without models answered: then the numbers are of the service alone.
    var synthetic: Bool
    /// The nodes that were there at the end.
    var nodes: [Node]
    /// The file of prompts, its prompts' number and a hash of them.
    var prompts: Prompts
    /// What was asked.
    var request: Request
    /// Times that every setting was measured.
    var turns: Int
    /// One entry for each concurrency and draft length, in the order asked for.
    var points: [ServePoint]
    /// What an earlier run's numbers are beside these; null where none was named.
    package var comparison: Nullable<ServeComparison> = Nullable(nil)
    /// Whether all turns were run; false after Ctrl-C.
    package let complete: Bool

    /// A node of the cluster.
    struct Node: Encodable {
        var nodeId: String
        var role: String
        var pool: String
        var model: String
        /// Names its cores: nodes with the same name share them.
        var host: String
    }

    /// Where the prompts came from.
    package struct Prompts: Encodable {
        var file: String
        var count: Int
        var hash: String
    }

    /// What the jobs had in common.
    package struct Request: Codable, Equatable {
        /// Null where the coordinator's default stood.
        var rule: Nullable<String>
        var alpha: Nullable<Double>
        var verifyMethod: String
        var temperature: Double
        var topK: Int
        var topP: Double
        var minP: Double
        /// Missing where they are off, as all of them are in reports that know none.
        var presencePenalty: Double?
        var frequencyPenalty: Double?
        var repetitionPenalty: Double?
        /// By the token's number.
        var logitBias: [String: Double]?
        var drafterKind: String
        var maxTokens: Int
        var raw: Bool
        var seed: UInt64

        /// What a job asks for; its rule and knob are nil where the coordinator's default stands.
        package init(_ job: Submit, seed: UInt64) {
            rule = Nullable(job.usesDefaultRule ? nil : job.rule.rule.rawValue)
            alpha = Nullable(job.rule.ownAlpha)
            verifyMethod = job.rule.verifyMethod.rawValue
            (temperature, topK) = (job.sampling.temperature, job.sampling.topK)
            (topP, minP) = (job.sampling.topP, job.sampling.minP)
            let sampling = job.sampling
            presencePenalty = sampling.presencePenalty == 0 ? nil : sampling.presencePenalty
            frequencyPenalty = sampling.frequencyPenalty == 0 ? nil : sampling.frequencyPenalty
            repetitionPenalty = sampling.repetitionPenalty == 1 ? nil : sampling.repetitionPenalty
            logitBias = sampling.biasByToken
            drafterKind = job.drafterKind.rawValue
            maxTokens = Int(job.maxTokens)
            raw = job.format == .raw
            self.seed = seed
        }
    }

    /// Jobs that failed, over all points.
    package var failures: Int { points.reduce(0) { $0 + $1.failures } }
}

extension ServeReport {
    /// Sums up a run.
    ///
    /// - Parameter build: version and commit of this program.
    package init(
        _ result: ServeRun.Result,
        run: ServeRun,
        build: String,
        endpoint: String,
        prompts: Prompts,
        request: Request
    ) {
        self.build = build
        self.endpoint = endpoint
        coordinatorBuild = result.coordinatorBuild
        synthetic = result.nodes.contains(where: \.isSynthetic)
        nodes = result.nodes.map { node in
            Node(
                nodeId: node.identity.name,
                role: node.role.rawValue,
                pool: node.pool,
                model: node.modelName,
                host: node.host
            )
        }
        self.prompts = prompts
        self.request = request
        turns = run.turns
        complete = result.isComplete
        points = Self.points(
            result.outcomes,
            settings: ServeSetting.all(concurrency: run.concurrency, draftLengths: run.draftLengths)
        )
    }

    /// A point for each setting that was measured at all.
    static func points(_ outcomes: [TurnOutcome], settings: [ServeSetting]) -> [ServePoint] {
        func turns(_ setting: ServeSetting) -> [TurnOutcome] { outcomes.filter { $0.setting == setting } }
        return settings.compactMap { setting in
            let own = turns(setting)
            guard !own.isEmpty else { return nil }
            let plain = turns(ServeSetting(concurrency: setting.concurrency, draftLength: .fixed(0)))
            let baselines = own.indices.map { plain.indices.contains($0) ? plain[$0].tokensPerSecond : nil }
            return ServePoint(setting, turns: own, baselines: baselines)
        }
    }
}

extension ServeReport.Prompts {
    /// The prompts of a file.
    package init(file: String, texts: [String]) {
        self.file = file
        count = texts.count
        var hasher = Hasher128()
        for text in texts { hasher.combine(bytes: Array(text.utf8)) }
        hash = "\(hasher.finish())"
    }
}

extension ServeReport {
    /// The report for people.
    package var text: String {
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
        value.map { decimalText($0, decimals) } ?? "-"
    }
}
