package import CascadeCoordinator
package import CascadeCore
import CascadeWorker

/// A coordinator as the simulator sees it: the real machine, or one with something around it.
package protocol CoordinatorUnderTest: Sendable {
    /// The machine itself, to look at.
    var machine: CoordinatorStateMachine { get }

    /// Takes one event and returns what to do about it.
    mutating func handle(_ event: CoordinatorStateMachine.Event, at now: Instant) -> [CoordinatorStateMachine.Action]
}

extension CoordinatorStateMachine: CoordinatorUnderTest {
    /// The machine as it is.
    package var machine: CoordinatorStateMachine { self }
}

/// Where a test may put something else than the real thing. No real part knows of it.
package struct SimulationSeams: Sendable {
    /// Puts something around each coordinator that is started.
    package var coordinator: @Sendable (CoordinatorStateMachine) -> any CoordinatorUnderTest
    /// Those of each node's worker.
    var worker: Worker<ToyModel>.Seams

    /// Creates the seams; by default all is real. Real nodes must compare prefix hashes.
    package init(
        nodesCompareHashes: Bool = true,
        coordinator: @escaping @Sendable (CoordinatorStateMachine) -> any CoordinatorUnderTest = { $0 }
    ) {
        worker = Worker<ToyModel>.Seams(comparesHashes: nodesCompareHashes)
        self.coordinator = coordinator
    }
}
