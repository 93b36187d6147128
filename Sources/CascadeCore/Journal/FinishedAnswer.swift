/// An answer that has ended, with all that a client may still ask of it.
package struct FinishedAnswer: Equatable, Sendable {
    /// What came of the job.
    package var report: JobReport
    /// Where each of the report's tokens came from.
    package var origins: [Origin]
    /// How each of them came to be; none where the job did not ask.
    package var explanations: [Explanation]

    /// Creates the value from its parts.
    package init(report: JobReport, origins: [Origin], explanations: [Explanation]) {
        self.report = report
        self.origins = origins
        self.explanations = explanations
    }
}
