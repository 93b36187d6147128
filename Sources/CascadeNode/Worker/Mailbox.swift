package import CascadeCore
internal import Foundation
internal import Synchronization

/// What passes between a node's reactor thread and its engine thread, in both directions.
///
/// The reactor never waits for the engine: it posts work and picks up replies when woken.
package final class Mailbox: Sendable {
    /// One thing for the engine thread to do.
    package enum Work: Sendable {
        case draft(Draft)
        case verify(Verify)
        case release(Release)

        /// The sequence that it is about.
        var sequence: SequenceID {
            switch self {
            case .draft(let draft): draft.fence.sequence
            case .verify(let verify): verify.fence.sequence
            case .release(let release): release.sequence
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
        case failed(String)
    }

    private struct State {
        var work: [Posted] = []
        var replies: [Message] = []
        var engine = EngineState.loading
        var progress = CascadeCore.Progress(passes: 0, pending: 0, kvTokensUsed: 0, busyMilliseconds: 0)
        var readyAt: Instant?
        var isStopped = false
        var wake: (@Sendable () -> Void)?
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
        let posted = Posted(work: work, at: MonotonicTime.now())
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

    /// What the engine thread has done; work that it has not taken yet counts as pending.
    package var progress: CascadeCore.Progress {
        state.withLock { state in
            var progress = state.progress
            progress.pending += UInt32(state.work.count)
            progress.uptimeMilliseconds = state.readyAt.map { UInt64(MonotonicTime.seconds(since: $0) * 1_000) } ?? 0
            progress.cpuMilliseconds = UInt64(ProcessorTime.milliseconds())
            return progress
        }
    }

    /// Asks the engine thread to end after the pass it is in.
    package func stop() {
        state.withLock { $0.isStopped = true }
        posted.signal()
    }

    // MARK: The engine thread's side

    /// Whether the engine thread shall end.
    package var isStopped: Bool { state.withLock { $0.isStopped } }

    /// Takes the work that waits; with `waiting`, sleeps until there is some or the mailbox is stopped.
    package func takeWork(waiting: Bool) -> [Posted] {
        while true {
            let (work, isStopped) = state.withLock { state in
                defer { state.work = [] }
                return (state.work, state.isStopped)
            }
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

    /// Hands a reply to the reactor.
    package func reply(_ message: Message) {
        let wake = state.withLock { state in
            state.replies.append(message)
            return state.wake
        }
        wake?()
    }

    /// Publishes where the engine thread stands.
    package func setEngineState(_ engine: EngineState) {
        let wake = state.withLock { state in
            state.engine = engine
            if case .ready = engine, state.readyAt == nil { state.readyAt = MonotonicTime.now() }
            return state.wake
        }
        wake?()
    }

    /// Publishes what the engine thread has done.
    package func setProgress(_ progress: CascadeCore.Progress) {
        state.withLock { $0.progress = progress }
    }
}
