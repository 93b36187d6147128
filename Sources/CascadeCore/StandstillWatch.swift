/// Notices that this process stood still: on Ctrl-Z, in a suspended machine, or before an output that took nothing.
/// Who was not there has not waited in vain for an answer, nor for a pass to end.
package struct StandstillWatch: Sendable {
    /// Who has not looked for so long stood still: all look about once a second, or more often.
    private static let pauseMilliseconds = 3_000.0

    private var lookedAt: Instant

    /// Looks for the first time.
    package init(now: Instant) { lookedAt = now }

    /// Looks at the clock; whether the process has stood still since it did last.
    package mutating func look(now: Instant) -> Bool {
        defer { lookedAt = now }
        return now.milliseconds(since: lookedAt) > Self.pauseMilliseconds
    }
}
