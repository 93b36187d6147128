/// Which of an owner's jobs get room first: `--priority`.
package enum Priority: String, CaseIterable, Comparable, Sendable {
    /// Behind the others.
    case low
    /// Where the client does not say.
    case normal
    /// Before the others.
    case high

    package static func < (first: Priority, second: Priority) -> Bool { first.rank < second.rank }

    private var rank: Int {
        switch self {
        case .low: 0
        case .normal: 1
        case .high: 2
        }
    }
}
