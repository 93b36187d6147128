internal import Dispatch
internal import Synchronization

/// Work that takes longer than a reactor thread may: done beside it, one piece after the other, in the order it came.
final class SideWork<Outcome: Sendable>: Sendable {
    private let outcomes = Mutex<[Outcome]>([])
    private let queue: DispatchQueue

    /// Creates a thread of work with a name for debuggers.
    init(label: String) {
        queue = DispatchQueue(label: label)
    }

    /// Does a piece of work and calls `wake` when ``take()`` has its outcome.
    func run(_ work: @escaping @Sendable () -> Outcome, wake: @escaping @Sendable () -> Void) {
        queue.async { [self] in
            let outcome = work()
            outcomes.withLock { $0.append(outcome) }
            wake()
        }
    }

    /// Takes what has come of the work since the last call.
    func take() -> [Outcome] {
        outcomes.withLock { outcomes in
            defer { outcomes = [] }
            return outcomes
        }
    }
}
