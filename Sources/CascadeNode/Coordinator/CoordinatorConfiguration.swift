package import CascadeCoordinator
package import CascadeKeys

/// What a coordinator process is told at its start.
package struct CoordinatorConfiguration: Sendable {
    /// Where to listen, e.g. `tcp://127.0.0.1:5570`.
    package var listen: String
    /// Bounds of queues and rounds.
    package var limits: CoordinatorLimits
    /// The keys that connections need; nil takes everybody.
    package var keys: CoordinatorKeys?
    /// The file that jobs are written to, so that they outlive the process; nil keeps them in memory alone.
    package var store: String?
    /// Whether jobs end with an orderly end of the process although they are in the store.
    package var endsJobs: Bool
    /// What stands in for the chat templates of model files.
    package var chatTemplates: ChatTemplates
    /// Version and commit, for status replies.
    package var software: String
    /// Told once it listens, with its boot id.
    package var serving: (@Sendable (_ boot: UInt64) -> Void)?

    /// Creates a configuration.
    package init(
        listen: String,
        limits: CoordinatorLimits,
        keys: CoordinatorKeys? = nil,
        store: String? = nil,
        endsJobs: Bool = false,
        chatTemplates: ChatTemplates = ChatTemplates(),
        software: String
    ) {
        (self.listen, self.limits, self.keys) = (listen, limits, keys)
        (self.store, self.endsJobs) = (store, endsJobs)
        (self.chatTemplates, self.software) = (chatTemplates, software)
    }
}
