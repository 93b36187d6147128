internal import Synchronization

/// A flag that any thread may raise for others to see; it stays up.
package final class RaisedFlag: Sendable {
    private let raised = Atomic(false)

    /// Creates a flag that is down.
    package init() {}

    /// Whether the flag is up.
    package var isRaised: Bool { raised.load(ordering: .relaxed) }

    /// Puts the flag up.
    package func raise() { raised.store(true, ordering: .relaxed) }
}
