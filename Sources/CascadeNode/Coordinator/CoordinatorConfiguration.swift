package import CascadeCoordinator

/// What a coordinator process is told at its start.
package struct CoordinatorConfiguration: Sendable {
    /// Where to listen, e.g. `tcp://127.0.0.1:5570`.
    package var listen: String
    /// Bounds of queues and rounds.
    package var limits: CoordinatorLimits
    /// Version and commit, for status replies.
    package var software: String

    /// Creates a configuration.
    package init(listen: String, limits: CoordinatorLimits, software: String) {
        self.listen = listen
        self.limits = limits
        self.software = software
    }
}
