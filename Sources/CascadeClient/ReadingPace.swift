package import CascadeCore

/// How far a prompt is read, how fast, and how long it will take: of the reports of the last seconds. Pure.
package struct ReadingPace: Equatable, Sendable {
    private struct Report: Equatable, Sendable {
        var tokens: UInt32
        var at: Instant
    }

    /// Milliseconds over which the speed is taken: far into a long prompt tokens take longer than at its beginning.
    private static let windowMilliseconds = 10_000.0
    /// Milliseconds that two reports must lie apart.
    private static let leastMilliseconds = 500.0

    /// How far it is.
    package private(set) var prompt = PromptReading(tokensRead: 0, tokens: 0)
    /// Oldest first.
    private var reports: [Report] = []

    /// Nothing is known yet.
    package init() {}

    /// Takes a report.
    mutating func take(_ prompt: PromptReading, at now: Instant) {
        // Another node begins anew.
        if prompt.tokensRead < self.prompt.tokensRead || prompt.tokens != self.prompt.tokens { reports = [] }
        self.prompt = prompt
        reports.append(Report(tokens: prompt.tokensRead, at: now))
        while reports.count > 2, now.milliseconds(since: reports[0].at) > Self.windowMilliseconds {
            reports.removeFirst()
        }
    }

    /// Tokens a second; nil before two reports with progress between them.
    package var tokensPerSecond: Double? {
        guard let first = reports.first, let last = reports.last, last.tokens > first.tokens else { return nil }
        let milliseconds = last.at.milliseconds(since: first.at)
        guard milliseconds >= Self.leastMilliseconds else { return nil }
        return 1_000 * Double(last.tokens - first.tokens) / milliseconds
    }

    /// Seconds until it is read; nil where the speed is not known.
    package var secondsLeft: Double? {
        tokensPerSecond.map { Double(prompt.tokens - min(prompt.tokensRead, prompt.tokens)) / $0 }
    }
}
