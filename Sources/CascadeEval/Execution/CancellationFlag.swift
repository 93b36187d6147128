internal import Synchronization

/// Whether a task was cancelled, for a thread that waits on its behalf.
final class CancellationFlag: Sendable {
    private let raised = Atomic(false)

    /// Whether the flag is up; it stays up.
    var isRaised: Bool { raised.load(ordering: .relaxed) }

    /// Puts the flag up.
    func raise() { raised.store(true, ordering: .relaxed) }
}
