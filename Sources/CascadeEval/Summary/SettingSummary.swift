/// What a run found of one way to answer.
package struct SettingSummary: Sendable {
    /// The way to answer, as in ``EvalRecord``.
    package let method: String
    package let alpha: Double?
    /// The softmax temperature.
    package let temperature: Double
    /// How many problems stand behind the quality.
    package let problems: Int
    /// pass@1; nil where answers have no tests.
    package let passRate: PassRate?
    /// The expert's mean log-likelihood of a token of the answer, over problems, in nats; nil where it was not
    /// measured.
    package let logLikelihood: MeanInterval?
    /// ROUGE-L of the answers with the expert's own answer to the problem, over problems; nil without one.
    package let likeness: MeanInterval?
    /// How the quality compares with the expert's alone, on the same problems; nil for the expert and without it.
    package let comparison: Comparison?
    /// Mean tokens of an answer.
    package let tokens: Double
    /// The share of drafted tokens that stood; nil without drafts.
    package let acceptance: Double?
    /// The share of tokens that stood although the expert's own distribution would have said otherwise.
    package let relaxed: Double
    /// Expert passes per token of the answers.
    package let expertPasses: Double
    /// Seconds of an answer, over the problems that were timed.
    package let seconds: MeanInterval
    /// Milliseconds per token over all answers that were timed.
    package let millisecondsPerToken: Double
    /// The median over problems of the expert's milliseconds per token over these; nil without the expert.
    package let speedup: Double?

    /// The name with the knob, such as `token-v3 0.3`.
    package var label: String { alpha.map { "\(method) \($0)" } ?? method }

    /// The figure that stands for the quality: pass@1, else the log-likelihood, else the likeness; nil without any.
    package var quality: (value: Double, interval: ConfidenceInterval)? {
        if let passRate { return (passRate.mean, passRate.interval) }
        return (logLikelihood ?? likeness).map { ($0.mean, $0.interval) }
    }

    /// A comparison with the expert on the same problems.
    package struct Comparison: Sendable {
        /// Mean difference of the quality: pass@1, else the log-likelihood, else the likeness.
        package let difference: PairedDifference
        /// The exact test, where each problem passed or did not.
        package let test: McNemarTest?
    }
}
