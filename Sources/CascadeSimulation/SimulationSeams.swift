package import CascadeCoordinator
package import CascadeCore
import CascadeWorker

/// Something around the real coordinator: what comes in and goes out may be tampered with.
package protocol CoordinatorTampering: Sendable {
    /// Has the machine take one event, or another one in its place, and returns what to do about it.
    mutating func handle(
        _ event: CoordinatorStateMachine.Event,
        by machine: inout CoordinatorStateMachine,
        at now: Instant
    ) -> [CoordinatorStateMachine.Action]
}

/// Where a test may put something else than the real thing. No real part knows of it.
package struct SimulationSeams: Sendable {
    /// Makes what is put around each coordinator that is started; nil where it is to be as it is.
    package var tampering: (@Sendable () -> any CoordinatorTampering)?
    /// Those of each node's worker.
    var worker: Worker<ToyModel>.Seams

    /// Creates the seams; by default all is real. Real nodes must compare prefix hashes, and penalties and
    /// constraints must see the drafted tokens before a row.
    package init(
        nodesCompareHashes: Bool = true,
        nodesPenaliseDrafted: Bool = true,
        nodesMaskDrafted: Bool = true,
        tampering: (@Sendable () -> any CoordinatorTampering)? = nil
    ) {
        worker = Worker<ToyModel>.Seams(
            comparesHashes: nodesCompareHashes,
            penalisesDrafted: nodesPenaliseDrafted,
            masksDrafted: nodesMaskDrafted
        )
        self.tampering = tampering
    }
}
