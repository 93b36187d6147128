internal import CascadeCoordinator
package import CascadeCore
internal import CascadeHost
internal import CascadeModel
package import CascadeNode
internal import CascadeText
internal import CascadeWorker

/// A drafter, an expert and a coordinator in one process without a network: the cluster's own state machine and its
/// nodes' own loops, whose messages are handed over directly. What a cluster is slower than this is its overhead.
///
/// The engines take turns, each with all threads. Not `Sendable`: belongs to one thread.
package final class LocalPair {
    /// How a pair is set up.
    package struct Settings: Sendable {
        /// The drafter's model file.
        package var drafter: String
        /// The expert's model file.
        package var expert: String
        /// Compute threads of each engine.
        package var threads: Int
        /// What each cache holds.
        package var cacheLimit: CacheLimit
        /// Most rows of a pass.
        package var maxBatchedTokens: Int
        /// How the drafter slims its model.
        package var draftModel: DraftModelSettings

        /// Creates settings.
        package init(
            drafter: String,
            expert: String,
            threads: Int,
            cacheLimit: CacheLimit,
            maxBatchedTokens: Int = 64,
            draftModel: DraftModelSettings = DraftModelSettings()
        ) {
            self.drafter = drafter
            self.expert = expert
            self.threads = threads
            self.cacheLimit = cacheLimit
            self.maxBatchedTokens = maxBatchedTokens
            self.draftModel = draftModel
        }
    }

    private static let pool = "default"
    private static let drafterPeer = PeerID([1])
    private static let expertPeer = PeerID([2])
    private static let clientPeer = PeerID([3])

    /// Milliseconds per pass of the drafter by number of rows, measured when the pair was made.
    package let drafterCosts: [CostPoint]
    /// The same of the expert.
    package let expertCosts: [CostPoint]
    /// Name of the kernel set.
    package let kernels: String

    private let tokenizer: PromptTokenizer
    private var machine: CoordinatorStateMachine
    private var drafter: Worker<EngineModel>
    private var expert: Worker<EngineModel>
    /// What the state machine has not seen yet, oldest first.
    private var events: [CoordinatorStateMachine.Event] = []
    private var progress = LocalAnswer.Progress()
    private var submissions: UInt64 = 0
    /// The coordinator's last warning, to say why nothing goes on.
    private var warning = ""

    /// Loads both models, measures their costs and lets them join the coordinator.
    package init(_ settings: Settings) throws(NodeError) {
        let small = try LocalNode(role: .drafter, path: settings.drafter, settings: settings)
        let large = try LocalNode(role: .expert, path: settings.expert, settings: settings)
        drafterCosts = small.costs
        expertCosts = large.costs
        kernels = large.engine.kernelName
        tokenizer = large.tokenizer
        drafter = Worker(model: EngineModel(small.engine), maxBatchedTokens: settings.maxBatchedTokens)
        expert = Worker(model: EngineModel(large.engine), maxBatchedTokens: settings.maxBatchedTokens)
        machine = CoordinatorStateMachine(
            boot: 1,
            seedForJobs: UInt64.random(in: 0...UInt64.max),
            software: small.hello.software,
            now: MonotonicClock.now()
        )
        for (node, peer) in [(large, Self.expertPeer), (small, Self.drafterPeer)] {
            events.append(.message(.hello(node.hello), from: peer, by: .anybody))
            events.append(
                .message(.ready(Ready(boot: machine.boot, costs: node.costs, credits: 16)), from: peer, by: .anybody)
            )
        }
        events.append(.vocabulary(pool: Self.pool, TokenizerID(large.hello), tokenizer.vocabulary))
        try handleEvents()
    }

    /// Answers a prompt greedily under the rule `lossless`.
    ///
    /// - Parameters:
    ///   - maximumTokens: most tokens of the answer.
    ///   - draftLength: tokens drafted per round, 0 for the expert alone.
    ///   - drafterKind: what drafts.
    package func answer(
        _ prompt: String,
        format: PromptFormat,
        maximumTokens: Int,
        draftLength: DraftLength,
        drafterKind: DrafterKind
    ) throws(NodeError) -> LocalAnswer {
        submissions += 1
        progress = LocalAnswer.Progress()
        let submit = Submit(
            requestID: submissions,
            submitKey: Hash128(high: 0, low: submissions),
            pool: Self.pool,
            prompt: Array(prompt.utf8),
            format: format,
            sampling: SamplingSettings(),
            rule: RuleSettings(),
            maxTokens: UInt32(maximumTokens),
            seed: 0,
            draftLength: draftLength,
            drafterKind: drafterKind
        )
        events.append(.message(.submit(submit), from: Self.clientPeer, by: .anybody))
        while true {
            try handleEvents()
            if let report = progress.report { return try progress.finish(report) }
            events += drafter.runPass(at: MonotonicClock.now()).map {
                .message($0, from: Self.drafterPeer, by: .anybody)
            }
            events += expert.runPass(at: MonotonicClock.now()).map { .message($0, from: Self.expertPeer, by: .anybody) }
            guard !events.isEmpty || !drafter.isIdle || !expert.isIdle else {
                throw .failed("the answer does not go on" + (warning.isEmpty ? "" : ": \(warning)"))
            }
        }
    }

    /// Hands all events to the state machine and carries out what it wants done.
    ///
    /// No tick is among them: nothing here is lost or late, and both nodes answer whenever they are asked.
    private func handleEvents() throws(NodeError) {
        while !events.isEmpty {
            for action in machine.handle(events.removeFirst(), at: MonotonicClock.now()) { try perform(action) }
        }
    }

    private func perform(_ action: CoordinatorStateMachine.Action) throws(NodeError) {
        switch action {
        case .send(let message, Self.drafterPeer): try deliver(message, to: &drafter)
        case .send(let message, Self.expertPeer): try deliver(message, to: &expert)
        case .send(let message, _): try progress.take(message, at: MonotonicClock.now())
        case .tokenize(let request):
            do {
                let limit = request.limit
                let tokens = try tokenizer.encode(prompt: request.prompt, format: request.format, limit: limit)
                events.append(.tokenized(request.job, tokens.map { .tokens($0) } ?? .tooLong(limit: limit)))
            } catch {
                throw .refused("\(error); try --raw")
            }
        // The pair keeps none.
        case .journal: break
        case .log(.warning, let text, let fields):
            warning = ([text] + fields.map { "\($0.name) \($0.value)" }).joined(separator: ", ")
        case .log, .collectTokenizer, .forgetPool, .forgetTokenizer, .exit: break
        }
    }

    private func deliver(_ message: Message, to worker: inout Worker<EngineModel>) throws(NodeError) {
        switch message {
        case .release(let release): worker.release(release.sequence)
        case .refused(let refused): throw .refused(refused.message)
        default: if let request = WorkRequest(message) { worker.add(request) }
        }
    }
}

/// One model of a ``LocalPair``, loaded and measured as a node does it.
struct LocalNode {
    /// What it says of itself when it joins.
    let hello: Hello
    /// Milliseconds per pass by number of rows.
    let costs: [CostPoint]
    let engine: Engine
    let tokenizer: PromptTokenizer

    init(role: NodeRole, path: String, settings: LocalPair.Settings) throws(NodeError) {
        do {
            let servable = try ServableModel(path: path)
            tokenizer = try PromptTokenizer(path: path)
            let slimming = role == .drafter ? settings.draftModel : DraftModelSettings()
            let loadOptions = try slimming.loadOptions(servable.definition, tokenizer.vocabulary)
            let model = try Model.load(servable, options: loadOptions)
            let kvTokens = try settings.cacheLimit.tokens(bytesPerToken: model.configuration.cacheBytesPerToken)
            engine = try Engine(
                model: model,
                options: EngineOptions(
                    threads: settings.threads,
                    contextTokens: kvTokens,
                    maximumRows: settings.maxBatchedTokens
                )
            )
            costs = try engine.measureCosts(rows: EngineModel.measuredRows.filter { $0 <= settings.maxBatchedTokens })
                .map { CostPoint(rows: UInt32($0.rows), milliseconds: $0.milliseconds) }
            hello = Hello(
                identity: NodeIdentity(name: role.rawValue, incarnation: 1),
                role: role,
                pool: "default",
                software: "",
                modelName: role.rawValue,
                modelFingerprint: try servable.file.fingerprint(),
                vocabularyHash: tokenizer.vocabulary.hash,
                vocabularyCount: UInt32(tokenizer.vocabulary.count),
                numericsID: Model.numericsID,
                contextLength: UInt32(engine.maximumLength),
                kvTokens: UInt32(kvTokens),
                pageTokens: UInt32(Engine.pageTokens),
                samplingVersion: SamplingSettings.knownVersion
            )
        } catch {
            throw .failed("\(error)")
        }
    }
}

/// One answer of a ``LocalPair``.
package struct LocalAnswer: Sendable {
    /// The answer's tokens.
    package var tokens: [Token]
    /// What speculation did.
    package var counts: SpeculationCounts
    /// Tokens that came after the first ones: the first round's time is mostly the prompt's.
    package var timedTokens: Int
    /// Seconds from the first tokens to the end.
    package var seconds: Double

    /// An answer as it comes.
    struct Progress {
        /// What came of the job; nil until it has ended.
        private(set) var report: JobReport?
        /// When the first tokens came, and how many they were.
        private var first: (at: Instant, count: Int)?
        private var end: Instant?

        /// Takes what the coordinator tells its client.
        mutating func take(_ message: Message, at now: Instant) throws(NodeError) {
            switch message {
            case .delta(let delta) where first == nil && !delta.tokens.isEmpty: first = (now, delta.tokens.count)
            case .finished(let finished):
                report = finished.report
                end = now
            case .refused(let refused): throw .refused(refused.message)
            default: break
            }
        }

        /// The whole answer; throws where the job failed.
        func finish(_ report: JobReport) throws(NodeError) -> LocalAnswer {
            if let error = report.error { throw .failed(error.message) }
            guard let first, let end else { throw .failed("an answer without tokens") }
            return LocalAnswer(
                tokens: report.tokens,
                counts: report.counts,
                timedTokens: report.tokens.count - first.count,
                seconds: end.milliseconds(since: first.at) / 1_000
            )
        }
    }
}
