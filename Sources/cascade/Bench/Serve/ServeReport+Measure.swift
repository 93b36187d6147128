internal import CascadeCore

extension ServeReport {
    /// Sums up a run.
    init(_ result: ServeRun.Result, run: ServeRun, endpoint: String, prompts: Prompts, request: Request) {
        build = BuildInfo.version
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
    init(file: String, texts: [String]) {
        self.file = file
        count = texts.count
        var hasher = Hasher128()
        for text in texts { hasher.combine(bytes: Array(text.utf8)) }
        hash = "\(hasher.finish())"
    }
}
