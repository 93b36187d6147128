internal import Synchronization

/// Something that ends once, such as a connection or the server, and who wants to be told.
final class EndSignal: Sendable {
    private struct State {
        var hasEnded = false
        var nextNumber = 0
        var listeners: [Int: @Sendable () -> Void] = [:]
    }

    private let state = Mutex(State())

    /// Whether it has ended.
    var hasEnded: Bool { state.withLock(\.hasEnded) }

    /// Listeners that wait.
    var listenerCount: Int { state.withLock(\.listeners.count) }

    /// Calls `listener` once at the end, at once where it has passed. Returns the number that ``forget(_:)`` takes.
    func whenEnded(_ listener: @escaping @Sendable () -> Void) -> Int {
        let number: Int? = state.withLock { state in
            guard !state.hasEnded else { return nil }
            state.nextNumber += 1
            state.listeners[state.nextNumber] = listener
            return state.nextNumber
        }
        // Never under the lock: a listener may come back here.
        if number == nil { listener() }
        return number ?? 0
    }

    /// The listener is not called any more, unless it is being called already.
    func forget(_ number: Int) {
        state.withLock { _ = $0.listeners.removeValue(forKey: number) }
    }

    /// Ends it; only the first call does anything.
    func end() {
        let listeners = state.withLock { state in
            guard !state.hasEnded else { return [Int: @Sendable () -> Void]() }
            state.hasEnded = true
            defer { state.listeners = [:] }
            return state.listeners
        }
        for listener in listeners.values { listener() }
    }
}
