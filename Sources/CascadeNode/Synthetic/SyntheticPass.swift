internal import CascadeCoordinator
internal import CascadeCore
internal import Foundation

/// Makes a pass last as long as a cost curve says, asleep: a synthetic node leaves its core to others.
struct SyntheticPass {
    private let costs: PassCosts?

    /// Passes after a curve; without points they take no time.
    init(_ costs: [CostPoint]) {
        self.costs = PassCosts(costs)
    }

    /// Runs `body`, then sleeps for the rest of the time that a pass of `rows` rows takes. Returns milliseconds.
    func run(rows: Int, _ body: () -> Void) -> Double {
        let started = MonotonicTime.now()
        body()
        if let costs {
            let left = costs.milliseconds(rows: rows) / 1_000 - MonotonicTime.seconds(since: started)
            if left > 0 { Thread.sleep(forTimeInterval: left) }
        }
        return MonotonicTime.seconds(since: started) * 1_000
    }
}
