internal import Synchronization

/// A flag that any thread may raise; it stays up.
final class RaisedFlag: Sendable {
    private let raised = Atomic(false)

    var isRaised: Bool { raised.load(ordering: .relaxed) }

    func raise() { raised.store(true, ordering: .relaxed) }
}
