internal import CascadeCoordinator
internal import CascadeCore

/// Tells an engine that is stuck from one that is busy: by its passes, which end, and by what it said they take.
struct EngineWatch {
    /// Longest pass that nobody wonders about.
    private static let leastMilliseconds = 5_000.0
    /// How much longer than measured a pass may take: other processes have their share too.
    private static let slack = 8.0

    private let rowBudget: Int
    private var passes: UInt64 = 0
    private var movedAt: Instant

    init(rowBudget: Int, now: Instant) {
        self.rowBudget = rowBudget
        movedAt = now
    }

    /// Looks at the engine, now and then; says what is wrong once requests wait and no pass has ended for too long.
    mutating func look(_ engine: Mailbox.EngineState, _ progress: Progress, now: Instant) -> String? {
        guard case .ready(let costs) = engine, progress.pending > 0, progress.passes == passes else {
            passes = progress.passes
            movedAt = now
            return nil
        }
        let longest = PassCosts(costs)?.milliseconds(rows: rowBudget) ?? 0
        let silence = now.milliseconds(since: movedAt)
        guard silence > max(Self.leastMilliseconds, Self.slack * longest) else { return nil }
        return "\(progress.pending) requests wait and no pass has ended for \(Int(silence / 1_000)) s"
    }
}
