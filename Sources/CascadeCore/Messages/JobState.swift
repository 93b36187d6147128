/// Where a job stands.
package enum JobState: UInt32, CaseIterable, Sendable {
    /// Waits for room, for its pool's tokenizer or for an expert.
    case queued = 1
    /// Rounds are running.
    case running = 2
    /// Ended; its report says how.
    case finished = 3

    /// The name in JSON.
    package var name: String {
        switch self {
        case .queued: "queued"
        case .running: "running"
        case .finished: "finished"
        }
    }
}
