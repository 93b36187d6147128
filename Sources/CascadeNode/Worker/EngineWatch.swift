internal import CascadeCoordinator
internal import CascadeCore

/// Tells an engine that is stuck from one that is busy: by its passes, which end, and by what it said they take.
struct EngineWatch {
    /// How long nobody wonders about a pass, and about a large model from a slow disk.
    private static let limits = CoordinatorLimits()
    /// How much longer than measured a pass may take: other processes have their share too.
    private static let slack = 8.0
    /// Who has not looked for so long stood still, and so did the engine.
    private static let pauseMilliseconds = 3_000.0

    private let rowBudget: Int
    private var passes: UInt64 = 0
    private var movedAt: Instant
    private var lookedAt: Instant
    private var isLoaded = false

    init(rowBudget: Int, now: Instant) {
        self.rowBudget = rowBudget
        movedAt = now
        lookedAt = now
    }

    /// Looks at the engine, about once a second; milliseconds without any progress once they are more than anything it
    /// does takes, 0 until then.
    mutating func look(_ engine: Mailbox.EngineState, _ progress: Progress, now: Instant) -> UInt64 {
        if now.milliseconds(since: lookedAt) > Self.pauseMilliseconds { movedAt = now }
        lookedAt = now
        let patience: Double
        switch engine {
        case .loading: patience = Double(Self.limits.loadingMilliseconds)
        case .ready(let costs) where isLoaded && progress.pending > 0 && progress.passes == passes:
            let longest = PassCosts(costs)?.milliseconds(rows: rowBudget) ?? 0
            patience = max(Double(Self.limits.stallMilliseconds), Self.slack * longest)
        case .ready, .failed:
            isLoaded = true
            passes = progress.passes
            movedAt = now
            return 0
        }
        let silence = now.milliseconds(since: movedAt)
        return silence > patience ? UInt64(silence) : 0
    }
}
