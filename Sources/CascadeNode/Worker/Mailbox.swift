package import CascadeCore
internal import CascadeHost
package import CascadeWorker
internal import Foundation
internal import Synchronization

/// What passes between a node's reactor thread and its engine thread, in both directions.
///
/// The reactor never waits for the engine: it posts work and picks up replies when woken.
package final class Mailbox: Sendable {
    /// One thing for the engine thread to do.
    package enum Work: Sendable {
        case request(WorkRequest)
        case release(SequenceID)

        /// Whether it is to be answered, unless it is released or replaced before.
        var isRequest: Bool {
            if case .release = self { false } else { true }
        }

        /// The sequence that it is about.
        var sequence: SequenceID {
            switch self {
            case .request(let request): request.fence.sequence
            case .release(let sequence): sequence
            }
        }
    }

    /// Work, and when it came.
    package struct Posted: Sendable {
        var work: Work
        var at: Instant
    }

    /// Where the engine thread stands.
    package enum EngineState: Sendable {
        case loading
        case ready([CostPoint])
        case failed(NodeError)
    }

    private struct State {
        var work: [Posted] = []
        /// Requests that the engine thread has taken and, at the end of its last pass, still had in hand.
        var taken = 0
        var replies: [Message] = []
        var engine = EngineState.loading
        var progress = CascadeCore.Progress(passes: 0, pending: 0, kvTokensUsed: 0, busyMilliseconds: 0)
        var readings: [SequenceReading] = []
        var readyAt: Instant?
        var isStopped = false
        var wake: (@Sendable () -> Void)?

        var pending: Int { taken + work.count(where: \.work.isRequest) }
    }

    private let state = Mutex(State())
    /// Counts posts, so that the engine thread can sleep until there is one.
    private let posted = DispatchSemaphore(value: 0)

    /// Creates an empty mailbox.
    package init() {}

    // MARK: The reactor's side

    /// Says how to wake the reactor thread when a reply or a change of state is there.
    package func setWake(_ wake: @escaping @Sendable () -> Void) {
        state.withLock { $0.wake = wake }
    }

    /// Hands work to the engine thread.
    package func post(_ work: Work) {
        let posted = Posted(work: work, at: MonotonicClock.now())
        state.withLock { $0.work.append(posted) }
        self.posted.signal()
    }

    /// Takes the replies that wait.
    package func takeReplies() -> [Message] {
        state.withLock { state in
            defer { state.replies = [] }
            return state.replies
        }
    }

    /// Where the engine thread stands.
    package var engineState: EngineState { state.withLock { $0.engine } }

    /// Requests that are neither answered nor dropped.
    package var pending: Int { state.withLock { $0.pending } }

    /// Whether there is nothing to compute and nothing to send.
    package var isIdle: Bool { state.withLock { $0.pending == 0 && $0.replies.isEmpty } }

    /// What the engine thread has done, and what it has yet to do.
    package var progress: CascadeCore.Progress {
        state.withLock { state in
            var progress = state.progress
            progress.pending = UInt32(state.pending)
            progress.uptimeMilliseconds = state.readyAt.map { UInt64(MonotonicClock.seconds(since: $0) * 1_000) } ?? 0
            progress.cpuMilliseconds = UInt64(ProcessorTime.milliseconds())
            return progress
        }
    }

    /// How far the engine thread was at the end of its last pass with the prompts that it reads.
    package var readings: [SequenceReading] { state.withLock { $0.readings } }

    /// Asks the engine thread to end after the pass it is in.
    package func stop() {
        state.withLock { $0.isStopped = true }
        posted.signal()
    }

    // MARK: The engine thread's side

    /// Whether the engine thread shall end.
    package var isStopped: Bool { state.withLock { $0.isStopped } }

    /// Takes the work that waits; with `waiting`, sleeps until there is some or the mailbox is stopped. Whoever waits
    /// has nothing in hand: what it had taken was released, or replaced by a later round.
    package func takeWork(waiting: Bool) -> [Posted] {
        while true {
            let (work, isStopped, wake) = state.withLock { state in
                defer { state.work = [] }
                var wake: (@Sendable () -> Void)?
                if waiting {
                    // A node that drains leaves when nothing is in hand.
                    if state.taken > 0, state.work.isEmpty { wake = state.wake }
                    state.taken = 0
                }
                state.taken += state.work.count(where: \.work.isRequest)
                return (state.work, state.isStopped, wake)
            }
            wake?()
            if !work.isEmpty || !waiting || isStopped { return work }
            posted.wait()
        }
    }

    /// Takes the work that comes within a time, as soon as there is some; nothing where none comes.
    package func takeWork(withinMilliseconds milliseconds: Double) -> [Posted] {
        let deadline = DispatchTime.now() + .nanoseconds(Int(milliseconds * 1e6))
        while true {
            let work = takeWork(waiting: false)
            // Posts whose work was taken without waiting leave the count too high: some waits end early.
            if !work.isEmpty || isStopped || posted.wait(timeout: deadline) == .timedOut { return work }
        }
    }

    /// Publishes what a pass has done: its answers, and how many requests are left. Those that were dropped on the way,
    /// because they were released or replaced by a later round, are not among either.
    package func endPass(
        _ progress: CascadeCore.Progress,
        readings: [SequenceReading] = [],
        replies: [Message]
    ) {
        let wake = state.withLock { state in
            state.progress = progress
            state.readings = readings
            state.taken = Int(progress.pending)
            state.replies += replies
            return replies.isEmpty && progress.pending > 0 ? nil : state.wake
        }
        wake?()
    }

    /// Publishes where the engine thread stands.
    package func setEngineState(_ engine: EngineState) {
        let wake = state.withLock { state in
            state.engine = engine
            if case .ready = engine, state.readyAt == nil { state.readyAt = MonotonicClock.now() }
            return state.wake
        }
        wake?()
    }
}
