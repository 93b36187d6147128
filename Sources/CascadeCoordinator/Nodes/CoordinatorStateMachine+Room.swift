import CascadeCore
import OrderedCollections

/// What a sequence takes of a node's cache, in tokens.
struct CacheNeed: Equatable, Sendable {
    /// Those that it holds with the round that it is in.
    var now: Int
    /// Those that it may come to hold.
    var most: Int
}

/// What the sequences that are placed at a node take of its cache.
struct CacheLoad: Equatable, Sendable {
    var sequences = 0
    /// Tokens of the pages that they hold.
    var tokens = 0
    /// Tokens that are kept free so that they can grow for a while.
    var reserve = 0
}

/// A sequence that may have to give its place in an expert's cache up.
struct CacheTenant: Sendable {
    let job: JobID
    let owner: String
    let weight: Int
    let priority: Priority
    /// Counts jobs in the order they came.
    let number: UInt64
    /// Tokens of the pages that it holds.
    let tokens: Int

    /// Who goes first: of the owner that holds most for its weight, the least urgent sequence, and of those the
    /// youngest, which loses least.
    static func first(toLeave tenants: [CacheTenant]) -> JobID? {
        var owners: OrderedDictionary<String, Double> = [:]
        for tenant in tenants {
            owners[tenant.owner, default: 0] += Double(tenant.tokens) / Double(max(1, tenant.weight))
        }
        guard let most = owners.values.max(), let owner = owners.first(where: { $0.value == most })?.key else {
            return nil
        }
        let own = tenants.filter { $0.owner == owner }
        return own.min { ($0.priority, $1.number) < ($1.priority, $0.number) }?.job
    }
}

/// How the caches of nodes are filled.
///
/// A sequence takes the pages that its tokens need, not those that its longest answer would. An expert's new sequences
/// leave a reserve in which those that are there can grow; where that is used up, a sequence gives its place up and is
/// read again when there is room: preemption by recomputation, as in vLLM (Kwon et al., "Efficient Memory Management
/// for Large Language Model Serving with PagedAttention", SOSP 2023, section 4.5). Its tokens and its draft stay with
/// the coordinator, so its answer has the same bytes. A drafter's cache is a help: what is not at work there gives its
/// pages to what is.
extension CoordinatorStateMachine {
    /// Of each running job where it is.
    var placements: [(job: JobID, placement: ActiveSequence.Placement)] {
        jobs.running.compactMap { id in jobs.read(id) { $0.placement }.flatMap { $0 }.map { (id, $0) } }
    }

    /// What the sequences whose cache is at a node take there.
    func load(of handle: NodeHandle, without job: JobID? = nil) -> CacheLoad {
        load(of: handle, without: job, in: placements)
    }

    /// The same, of placements that are known.
    func load(
        of handle: NodeHandle,
        without job: JobID? = nil,
        in placements: [(job: JobID, placement: ActiveSequence.Placement)]
    ) -> CacheLoad {
        var load = CacheLoad()
        guard let pages = nodes.read(handle, { $0.pages }) else { return load }
        for (id, placement) in placements where id != job {
            // A drafter may give what it holds of a sequence that has no expert to others.
            let isPlaced =
                placement.expert == handle || placement.drafter == handle && placement.expert != nil
            guard isPlaced || requests.isAsked(handle, for: id) else { continue }
            load.sequences += 1
            load.tokens += pages.tokens(for: placement.need.now)
            load.reserve += reserve(for: placement.need)
        }
        return load
    }

    /// Whether a node that has a load can take another sequence.
    func hasRoom(for need: CacheNeed, beside load: CacheLoad, at node: Node) -> Bool {
        let wanted = load.tokens + node.pages.tokens(for: need.now)
        // One that is alone has all that it may come to need.
        let reserve = load.sequences == 0 ? 0 : load.reserve + reserve(for: need)
        return wanted + reserve <= node.pages.capacity
    }

    private func reserve(for need: CacheNeed) -> Int {
        max(0, min(limits.reservedTokensPerSequence, need.most - need.now))
    }

    /// Whether a drafter's cache holds a draft of a sequence, up to `length` tokens, beside all that it drafts now.
    func hasRoom(forDraftUpTo length: Int, at drafter: NodeHandle) -> Bool {
        guard let pages = nodes.read(drafter, { $0.pages }) else { return false }
        return tokensAtWork(at: drafter) + pages.tokens(for: length) <= pages.capacity
    }

    /// Tokens of the pages that a node's requests in work take: those that it cannot give to others.
    func tokensAtWork(at handle: NodeHandle) -> Int {
        guard let pages = nodes.read(handle, { $0.pages }) else { return 0 }
        return requests.reduce(0) { tokens, request in
            guard request.node == handle else { return tokens }
            let need = jobs.read(request.job) { $0.sequence?.need.now ?? 0 } ?? 0
            return tokens + pages.tokens(for: need + request.count)
        }
    }

    /// Makes an expert's cache hold all that its sequences need, the next verification of a job's included; false where
    /// the job has to wait: for the answer of one that is to leave, or because it has left itself.
    mutating func makeRoom(for id: JobID, at expert: NodeHandle) -> Bool {
        guard let pages = nodes.read(expert, { $0.pages }) else { return false }
        let capacity = pages.capacity
        // As a rule all sequences of all nodes would fit, and who is where need not be looked up.
        let all = jobs.running.reduce(0) { tokens, id in
            tokens + pages.tokens(for: jobs.read(id) { $0.placement?.need.now ?? 0 } ?? 0)
        }
        guard all > capacity else { return true }
        while load(of: expert).tokens > capacity {
            guard let victim = CacheTenant.first(toLeave: tenants(of: expert)),
                !requests.isAsked(expert, for: victim)
            else { return false }
            preempt(victim, from: expert)
            if victim == id { return false }
        }
        return true
    }

    private func tenants(of expert: NodeHandle) -> [CacheTenant] {
        guard let pages = nodes.read(expert, { $0.pages }) else { return [] }
        return jobs.running.compactMap { id in
            guard let job = jobs[id], let placement = job.placement, placement.expert == expert else { return nil }
            return CacheTenant(
                job: id,
                owner: job.owner.name,
                weight: jobs.owners[job.owner.name]?.limits.weight ?? 1,
                priority: job.submit.priority,
                number: job.number,
                tokens: pages.tokens(for: placement.need.now)
            )
        }
    }

    private mutating func preempt(_ id: JobID, from expert: NodeHandle) {
        transitions.count(.sequencePreempted)
        jobs.changeSequence(of: id) { $0.move(toExpert: nil) }
        withdraw(id, from: expert)
        log(
            .debug,
            "a sequence gives its place in the cache up",
            LogField("job", "\(id)"),
            LogField("node", nodes[expert]?.name ?? "")
        )
    }

    /// What a job waits for where all that is missing is room, and what the operator can do about it.
    func roomNote(of job: Job) -> String {
        let pool = job.submit.pool
        // One that runs was put back, whatever others wait for.
        if !job.isRunning, jobs.running.count >= limits.maxNumSeqs {
            return "waiting: \(plural(jobs.running.count, "job runs", "jobs run")), as many as may (--max-num-seqs)"
        }
        let placements = placements
        var (held, capacity) = (0, 0)
        for (handle, node) in nodes.elements
        where node.hello.pool == pool && node.hello.role == .expert && node.state == .ready {
            held += load(of: handle, in: placements).tokens
            capacity += node.pages.capacity
        }
        let words = "waiting for room in the cache: \(plural(jobs.running.count, "job runs", "jobs run"))"
        return "\(words) and \(held) of \(capacity) tokens are held (an expert's --kv-tokens sets how many it can hold)"
    }
}
