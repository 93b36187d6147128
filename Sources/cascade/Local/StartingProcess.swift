internal import CascadeHost
internal import Foundation
internal import Synchronization

/// A process that a command starts in the background, and Ctrl-C meanwhile. That may come before there is a process to
/// be ended, and end it before it can say so itself: whether it came is remembered here.
final class StartingProcess: Sendable {
    private struct State {
        var process: ChildProcess?
        var isInterrupted = false
    }

    private let state = Mutex(State())

    /// Whether it was interrupted, whatever became of the process.
    var isInterrupted: Bool { state.withLock { $0.isInterrupted } }

    /// Takes the process; one that was interrupted before is ended.
    func take(_ process: ChildProcess) {
        let isTooLate = state.withLock { state in
            state.process = process
            return state.isInterrupted
        }
        if isTooLate { process.signal(SIGTERM) }
    }

    /// Ends the process, now or as soon as there is one.
    func interrupt() {
        let process = state.withLock { state in
            state.isInterrupted = true
            return state.process
        }
        process?.signal(SIGTERM)
    }
}
