/// Whether work goes to a node.
package enum NodeState: UInt32, CaseIterable, Sendable {
    /// Welcomed, not ready yet: never reaped for being slow.
    case loading = 1
    /// Takes work.
    case ready = 2
    /// Finishes what it has.
    case draining = 3

    /// The name in JSON.
    package var name: String {
        switch self {
        case .loading: "loading"
        case .ready: "ready"
        case .draining: "draining"
        }
    }
}
