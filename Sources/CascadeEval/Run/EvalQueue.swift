internal import Synchronization

/// The tasks that workers share.
final class EvalQueue: Sendable {
    private let open: [EvalTask]
    private let state: Mutex<(next: Int, done: Int, isStopped: Bool)>

    /// `done` are finished already.
    init(open: [EvalTask], done: Int) {
        self.open = open
        state = Mutex((0, done, false))
    }

    /// The next task; nil when there is none left, or the queue was stopped.
    func next() -> EvalTask? {
        state.withLock { state in
            guard state.next < open.count, !state.isStopped else { return nil }
            state.next += 1
            return open[state.next - 1]
        }
    }

    /// Counts a task as done, and tells how many are.
    func finish() -> Int {
        state.withLock { state in
            state.done += 1
            return state.done
        }
    }

    /// No more tasks are given out.
    func stop() { state.withLock { $0.isStopped = true } }
}
