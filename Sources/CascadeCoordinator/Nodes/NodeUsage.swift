import CascadeCore

/// What a node did with the last seconds: how much of them it was in passes, and how much processor time it used. All
/// by the node's own clock.
struct NodeUsage: Sendable {
    /// Over how long the shares are taken.
    static let windowMilliseconds: UInt64 = 10_000

    private var reports: [Progress] = []

    /// Share of the time that was spent in passes; nil before two reports.
    var busy: Double? { share(\.busyMilliseconds) }
    /// Processor time in cores; nil before two reports.
    var cores: Double? { share(\.cpuMilliseconds) }

    /// Takes the node's next report. One that comes too late, or is of another process, begins anew.
    mutating func take(_ report: Progress) {
        // Its clock stands at 0 until it is ready, its processor time does not: loading is no use of the last seconds.
        guard report.uptimeMilliseconds > 0 else { return }
        if let last = reports.last, last.uptimeMilliseconds >= report.uptimeMilliseconds { reports = [] }
        reports.append(report)
        while reports.count > 2, report.uptimeMilliseconds - reports[1].uptimeMilliseconds >= Self.windowMilliseconds {
            reports.removeFirst()
        }
        // However fast a node reports: a minute of heartbeats is plenty.
        if reports.count > 64 { reports.removeFirst() }
    }

    private func share(_ used: KeyPath<Progress, UInt64>) -> Double? {
        guard let first = reports.first, let last = reports.last, first.uptimeMilliseconds < last.uptimeMilliseconds,
            first[keyPath: used] <= last[keyPath: used]
        else { return nil }
        let share =
            Double(last[keyPath: used] - first[keyPath: used])
            / Double(last.uptimeMilliseconds - first.uptimeMilliseconds)
        return min(share, 4_096)
    }
}
