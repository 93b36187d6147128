internal import CascadeHost
internal import Foundation
internal import Synchronization

/// A supervisor's processes and what they tell, shared between its tasks.
final class Children: Sendable {
    /// Why a process ended.
    struct End: Equatable, Sendable {
        /// For people.
        var cause: String
        /// Whether it may do better later, without anybody's changing how it is started.
        var mayPass: Bool
        /// Whether an operator drained it, who wants it to stay away.
        var isDrained = false
    }

    private struct State {
        var processes: [String: ChildProcess] = [:]
        /// By role: the boot in which it does its work.
        var serving: [String: UInt64] = [:]
        var ends: [String: End] = [:]
        var isOpen = false
        var isStopping = false
        var wasReady = false
    }

    private let state = Mutex(State())

    /// Takes the process of a role.
    func add(_ name: String, _ child: ChildProcess) {
        let isStopping = state.withLock { state in
            state.processes[name] = child
            return state.isStopping
        }
        if isStopping { child.signal(SIGTERM) }
    }

    /// Forgets what the last process of a role told.
    func forget(_ name: String) {
        state.withLock { ($0.serving[name], $0.ends[name]) = (nil, nil) }
    }

    /// A role does its work.
    func note(_ name: String, serving boot: UInt64) { state.withLock { $0.serving[name] = boot } }

    /// A role says why it ends.
    func note(_ name: String, end: End) { state.withLock { $0.ends[name] = end } }

    /// The boot in which a role does its work; nil while it does none.
    func serving(_ name: String) -> UInt64? { state.withLock { $0.serving[name] } }

    /// Why a role's process said it ended; nil where it said nothing.
    func takeEnd(_ name: String) -> End? {
        state.withLock { state in
            state.serving[name] = nil
            return state.ends.removeValue(forKey: name)
        }
    }

    /// Lets nodes be started.
    func open() { state.withLock { $0.isOpen = true } }

    /// Whether nodes may be started: the coordinator is there.
    var isOpen: Bool { state.withLock { $0.isOpen } }

    /// All take work.
    func setReady() { state.withLock { $0.wasReady = true } }

    /// Whether all took work at some time.
    var wasReady: Bool { state.withLock { $0.wasReady } }

    /// Whether they are to end.
    var isStopping: Bool { state.withLock { $0.isStopping } }

    /// Whether all have ended.
    var areDone: Bool { state.withLock { $0.processes.values.allSatisfy(\.isDone) } }

    /// Waits for a condition, or the end; looks every few milliseconds, as nothing here happens often.
    func waitUntil(_ condition: (Children) -> Bool) async throws {
        while !isStopping, !condition(self) { try await Task.sleep(for: .milliseconds(20)) }
    }

    /// Ends all of them, and whoever is added later.
    func stop() {
        state.withLock { $0.isStopping = true }
        signal(SIGTERM)
    }

    /// Sends all of them a signal.
    func signal(_ number: Int32) {
        for process in state.withLock({ Array($0.processes.values) }) { process.signal(number) }
    }
}
