package import CascadeCore

/// One answer of a ``LocalPair``.
package struct LocalAnswer: Sendable {
    /// The answer's tokens.
    package var tokens: [Token]
    /// What speculation did.
    package var counts: SpeculationCounts
    /// Tokens that came after the first ones: the first round's time is mostly the prompt's.
    package var timedTokens: Int
    /// Seconds from the first tokens to the end.
    package var seconds: Double

    /// An answer as it comes.
    struct Progress {
        /// What came of the job; nil until it has ended.
        private(set) var report: JobReport?
        /// When the first tokens came, and how many they were.
        private var first: (at: Instant, count: Int)?
        private var end: Instant?

        /// Takes what the coordinator tells its client.
        mutating func take(_ message: Message, at now: Instant) throws(NodeError) {
            switch message {
            case .delta(let delta) where first == nil && !delta.tokens.isEmpty: first = (now, delta.tokens.count)
            case .finished(let finished):
                report = finished.report
                end = now
            case .refused(let refused): throw .refused(refused.message)
            default: break
            }
        }

        /// The whole answer; throws where the job failed.
        func finish(_ report: JobReport) throws(NodeError) -> LocalAnswer {
            if let error = report.error { throw .failed(error.message) }
            guard let first, let end else { throw .failed("an answer without tokens") }
            return LocalAnswer(
                tokens: report.tokens,
                counts: report.counts,
                timedTokens: report.tokens.count - first.count,
                seconds: end.milliseconds(since: first.at) / 1_000
            )
        }
    }
}
