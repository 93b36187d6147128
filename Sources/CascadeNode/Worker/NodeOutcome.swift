internal import Synchronization

/// How a node's process ended, said by its reactor thread and read by whoever waits for it.
final class NodeOutcome: Sendable {
    /// Why the reactor of a node stops that an operator drained.
    static let drained = "drained"

    private let error = Mutex<NodeError?>(nil)

    /// The model or the engine failed.
    func fail(_ cause: NodeError) {
        error.withLock { $0 = $0 ?? cause }
    }

    /// The coordinator said no.
    func refuse(_ message: String) {
        error.withLock { $0 = $0 ?? .refused(message) }
    }

    /// Throws what went wrong, if something did.
    func check() throws(NodeError) {
        if let error = error.withLock({ $0 }) { throw error }
    }
}
