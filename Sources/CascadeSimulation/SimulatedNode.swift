import CascadeCore

/// A drafter or expert process with a toy model: one thread that answers pings, one that computes.
struct SimulatedNode: Sendable {
    let name: String
    let role: NodeRole
    let contextLength: UInt32
    let kvTokens: UInt32
    let credits: UInt32
    /// What its passes cost.
    let costs: [CostPoint]
    var link: Link
    var incarnation: UInt64
    var isUp = true
    /// Until when all its threads stand still.
    var pausedUntil = Instant(nanoseconds: 0)
    /// Until when its computing thread makes no progress.
    var stuckUntil = Instant(nanoseconds: 0)
    /// Since when.
    var stuckAt = Instant(nanoseconds: 0)
    /// From when on it is loaded.
    var loadedAt: Instant
    /// The coordinator that welcomed it.
    var boot: UInt64?
    var lastHeard: Instant
    var lastHello = Instant(nanoseconds: 0)
    /// What arrived while it stood still.
    var inbox: [Message] = []
    /// Requests that wait.
    var queue: [Message] = []
    var isWorking = false
    var isDraining = false
    var passes: UInt64 = 0
    var memory: NodeMemory
    /// How often it answers with nonsense, and how often it says that it failed.
    var hostility = 0.0
    var failing = 0.0
    /// How many times longer than its costs say its passes take.
    var slowness = 1.0
    /// What it does all the time.
    var treason: Treason?

    var identity: NodeIdentity { NodeIdentity(name: name, incarnation: incarnation) }

    var hello: Hello {
        Hello(
            identity: identity,
            role: role,
            pool: "default",
            software: "simulated",
            modelName: "toy-\(role.rawValue)",
            modelFingerprint: Hash128(high: 0, low: role == .expert ? 1 : 2),
            vocabularyHash: ToyLanguage.vocabulary.hash,
            vocabularyCount: UInt32(ToyLanguage.vocabulary.count),
            numericsID: "exact",
            contextLength: contextLength,
            kvTokens: kvTokens,
            // Some share their cores, some do not.
            host: "host-\(name.utf8.last.map { $0 % 2 } ?? 0)"
        )
    }

    /// What it says of itself; that it is stuck within a second, so that much comes of it.
    func progress(at now: Instant) -> Progress {
        let silence = isWorking && now < stuckUntil ? now.milliseconds(since: stuckAt) : 0
        return Progress(
            passes: passes,
            pending: UInt32(queue.count),
            kvTokensUsed: UInt32(memory.caches.reduce(0) { $0 + $1.tokens.count }),
            busyMilliseconds: passes * 10,
            stuckMilliseconds: silence > 1_000 ? UInt64(silence) : 0
        )
    }

    /// The process dies: nothing of it is left.
    mutating func die() {
        isUp = false
        inbox = []
        queue = []
        isWorking = false
        isDraining = false
        boot = nil
        link.address.connection += 1
    }

    /// A new process of the same name.
    mutating func start(incarnation: UInt64, now: Instant, loadedAt: Instant) {
        self.incarnation = incarnation
        isUp = true
        pausedUntil = now
        stuckUntil = now
        slowness = 1
        self.loadedAt = loadedAt
        lastHeard = now
        passes = 0
        memory = NodeMemory(capacity: memory.capacity, checksHashes: memory.checksHashes)
        link.address.connection += 1
    }

    /// How long the computing thread takes for a request.
    func milliseconds(for request: Message) -> UInt64 {
        let usual =
            switch request {
            case .draft(let draft):
                Double(draft.count) * (costs.first?.milliseconds ?? 3) + Double(draft.prefix.tail.count / 8)
            case .verify(let verify):
                (costs.last { $0.rows <= 1 + verify.draft.count }?.milliseconds ?? 20)
                    + Double(verify.prefix.tail.count / 4)
            default: 0.0
            }
        return UInt64(usual * slowness)
    }
}
