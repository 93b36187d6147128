package import CascadeCore

/// Where a node's engine stands, as those who do not compute see it.
package struct EngineStatus: Sendable {
    /// Whether it can compute.
    package enum State: Sendable {
        case loading
        /// Ready, with what its passes cost by number of rows.
        case ready([CostPoint])
        /// It failed, in words.
        case failed(String)
    }

    /// Whether it can compute.
    package var state: State
    /// What it has done, and what it has yet to do.
    package var progress: Progress
    /// How far it is with the prompts that it reads.
    package var readings: [SequenceReading]
    /// Whether answers of it wait to be sent.
    package var hasUnsent: Bool

    /// Creates a status.
    package init(
        state: State,
        progress: Progress,
        readings: [SequenceReading] = [],
        hasUnsent: Bool = false
    ) {
        self.state = state
        self.progress = progress
        self.readings = readings
        self.hasUnsent = hasUnsent
    }
}
