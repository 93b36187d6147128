internal import CascadeCore

/// Tells an engine that is stuck from one that is busy: by its passes, which end, and by what it said they take.
struct EngineWatch: Sendable {
    /// How much longer than measured a pass may take: other processes have their share too.
    private static let slack = 8.0

    private let maxBatchedTokens: Int
    private let stallMilliseconds: UInt64
    private var passes: UInt64 = 0
    private var movedAt: Instant
    /// Where the process stood still, so did the engine.
    private var standstill: StandstillWatch
    private var isLoaded = false

    init(maxBatchedTokens: Int, stallMilliseconds: UInt64 = Patience.stallMilliseconds, now: Instant) {
        self.maxBatchedTokens = maxBatchedTokens
        self.stallMilliseconds = stallMilliseconds
        movedAt = now
        standstill = StandstillWatch(now: now)
    }

    /// Looks at the engine, about once a second; milliseconds without any progress once they are more than anything it
    /// does takes, 0 until then.
    mutating func look(_ status: EngineStatus, now: Instant) -> UInt64 {
        if standstill.look(now: now) { movedAt = now }
        let patience: Double
        switch status.state {
        case .loading: patience = Double(Patience.loadingMilliseconds)
        case .ready(let costs) where isLoaded && status.progress.pending > 0 && status.progress.passes == passes:
            let longest = PassCosts(costs)?.milliseconds(rows: maxBatchedTokens) ?? 0
            patience = max(Double(stallMilliseconds), Self.slack * longest)
        case .ready, .failed:
            isLoaded = true
            passes = status.progress.passes
            movedAt = now
            return 0
        }
        let silence = now.milliseconds(since: movedAt)
        return silence > patience ? UInt64(silence) : 0
    }
}
