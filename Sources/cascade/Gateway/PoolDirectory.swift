internal import CascadeCore
internal import CascadeGateway
internal import CascadeHost
internal import CascadeNode
internal import Synchronization

/// A pool, as the gateway offers it.
struct ServedPool: Sendable {
    /// The pool's name.
    let name: String
    /// Models that draft in it and that have the last word; nil where no such node is there.
    let drafter: String?
    let expert: String?
    /// Tokens of prompt and answer together, at most.
    let contextLength: Int?
    /// Whether an expert takes work.
    let isReady: Bool
    /// The rule where a request names none.
    let rule: RuleSettings
}

/// One of the ways in which a pool can be asked: a `model` of the gateway.
struct PoolModel: Sendable {
    /// Who answers.
    enum Voice: String, CaseIterable, Sendable {
        /// The pair, by the request's rule.
        case pair
        /// The expert, which nobody drafts for.
        case expert
        /// The drafter, which no expert judges.
        case drafter
    }

    let pool: ServedPool
    let voice: Voice

    /// The name: the pool's, or `POOL/expert` and `POOL/drafter`.
    var id: String { voice == .pair ? pool.name : "\(pool.name)/\(voice.rawValue)" }

    /// What clients are told of it.
    var served: ServedModel {
        let rule = voice == .pair ? pool.rule : RuleSettings(rule: voice == .expert ? .lossless : .tokenCascade)
        return ServedModel(
            id: id,
            rule: rule.rule.rawValue,
            alpha: voice == .pair && rule.rule.defaultAlpha != nil ? rule.alpha : nil,
            drafter: voice == .expert ? nil : pool.drafter,
            expert: voice == .drafter ? nil : pool.expert,
            contextLength: pool.contextLength
        )
    }
}

/// Which pools the cluster has: what its coordinator said a second ago at most.
final class PoolDirectory: Sendable {
    private struct Page {
        var nodes: [NodeSummary] = []
        var pools: [ServedPool] = []
        var readAt: Instant?
    }

    private static let lifetimeMilliseconds = 1_000.0
    /// The pool of requests that name none, where there is one of this name.
    private static let standard = "default"

    private let session: ClusterSession
    private let page = Mutex(Page())

    init(session: ClusterSession) { self.session = session }

    /// The pools, by name.
    func pools() async throws(NodeError) -> [ServedPool] { try await current().pools }

    /// The nodes.
    func nodes() async throws(NodeError) -> [NodeSummary] { try await current().nodes }

    /// What a request's `model` stands for; nil for nothing that there is.
    func model(named name: String?) async throws(NodeError) -> PoolModel? {
        if let found = Self.model(named: name, in: try await current().pools) { return found }
        return Self.model(named: name, in: try await read().pools)
    }

    /// What there is to be asked for.
    static func models(of pools: [ServedPool]) -> [PoolModel] {
        pools.flatMap { pool in PoolModel.Voice.allCases.map { PoolModel(pool: pool, voice: $0) } }
            .filter { $0.voice == .pair || ($0.voice == .expert ? $0.pool.expert : $0.pool.drafter) != nil }
    }

    private static func model(named name: String?, in pools: [ServedPool]) -> PoolModel? {
        guard let name else {
            let pool = pools.first { $0.name == standard } ?? (pools.count == 1 ? pools[0] : nil)
            return pool.map { PoolModel(pool: $0, voice: .pair) }
        }
        return models(of: pools).first { $0.id == name }
    }

    private func current() async throws(NodeError) -> Page {
        let known = page.withLock { $0 }
        if let readAt = known.readAt, MonotonicClock.now().milliseconds(since: readAt) < Self.lifetimeMilliseconds {
            return known
        }
        return try await read()
    }

    private func read() async throws(NodeError) -> Page {
        let nodesID = UInt64.random(in: 1...UInt64.max / 2)
        let nodes = try await session.request(.nodesRequest(NodesRequest(requestID: nodesID)), id: nodesID) { message in
            if case .nodeList(let list) = message, list.requestID == nodesID { list.nodes } else { nil }
        }
        let status = try await session.status()
        var page = Page(nodes: nodes, readAt: MonotonicClock.now())
        for name in Set(nodes.map(\.pool)).sorted() {
            let own = nodes.filter { $0.pool == name }
            let experts = own.filter { $0.role == .expert }
            page.pools.append(
                ServedPool(
                    name: name,
                    drafter: own.first { $0.role == .drafter }?.modelName,
                    expert: experts.first?.modelName,
                    contextLength: experts.map { Int(min($0.contextLength, $0.kvTokens)) }.max(),
                    isReady: experts.contains { $0.state == .ready },
                    rule: status.defaultRule ?? RuleSettings()
                )
            )
        }
        self.page.withLock { [page] in $0 = page }
        return page
    }
}

extension ClusterSession {
    /// How the cluster is doing, as an owner may see it; nil is the gateway itself.
    func status(for owner: String? = nil) async throws(NodeError) -> ClusterStatus {
        let id = UInt64.random(in: 1...UInt64.max / 2)
        let request = StatusRequest(requestID: id, onBehalfOf: owner)
        return try await self.request(.statusRequest(request), id: id) { message in
            if case .clusterStatus(let status) = message, status.requestID == id { status } else { nil }
        }
    }

    /// The newest jobs of those that an owner may see; nil is the gateway itself.
    func jobs(limit: Int, for owner: String?) async throws(NodeError) -> [JobSummary] {
        let id = UInt64.random(in: 1...UInt64.max / 2)
        let request = JobsRequest(requestID: id, limit: UInt32(clamping: limit), onBehalfOf: owner)
        return try await self.request(.jobsRequest(request), id: id) { message in
            if case .jobList(let list) = message, list.requestID == id { list.jobs } else { nil }
        }
    }

    /// Ends a job of those that an owner may see; says whether there is one.
    func cancel(_ job: JobID, for owner: String?) async throws(NodeError) -> Bool {
        let id = UInt64.random(in: 1...UInt64.max / 2)
        let request = CancelJobs(requestID: id, selection: .jobs([job]), onBehalfOf: owner)
        let answer = try await self.request(.cancelJobs(request), id: id) { message in
            if case .jobsCancelled(let answer) = message, answer.requestID == id { answer } else { nil }
        }
        return answer.unknown.isEmpty
    }
}
