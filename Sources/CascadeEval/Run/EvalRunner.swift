internal import Synchronization

/// Gets the answers of a plan that are not there yet, several at a time, and logs each as it comes.
package struct EvalRunner: Sendable {
    private let log: ResultLog

    /// Creates a runner that writes to `log`.
    package init(log: ResultLog) { self.log = log }

    /// Asks for every task whose answer is not in the log.
    ///
    /// - Parameter workers: who answers; each has one task at a time, and they share the tasks.
    /// - Parameter progress: called after each answer with how many of the tasks are done and how many there are.
    /// - Throws: what a worker throws, after the others' present tasks; `CancellationError`.
    package func run<Worker: EvalWorker>(
        _ tasks: [EvalTask],
        workers: [Worker],
        progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void
    ) async throws {
        let open = tasks.filter { !log.has($0.key) }
        let queue = EvalQueue(open: open, done: tasks.count - open.count)
        progress(tasks.count - open.count, tasks.count)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in workers {
                group.addTask {
                    while !Task.isCancelled, let task = queue.next() {
                        do {
                            try log.append(try await worker.answer(task))
                        } catch {
                            queue.stop()
                            throw error
                        }
                        progress(queue.finish(), tasks.count)
                    }
                }
            }
            // All are waited for, so that no answer under way is lost; the first failure is told.
            var failure: (any Error)?
            while let result = await group.nextResult() {
                if case .failure(let error) = result, failure == nil { failure = error }
            }
            if let failure { throw failure }
            try Task.checkCancellation()
        }
    }
}

/// Who answers tasks, one at a time: a client of a cluster.
package protocol EvalWorker: Sendable {
    /// Answers a task and judges the answer.
    func answer(_ task: EvalTask) async throws -> EvalRecord
}

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
