/// pass@1 of a benchmark: the mean over problems of the share of a problem's samples that pass, with its 95 % interval.
///
/// Source of the estimate: Chen et al., "Evaluating large language models trained on code" (2021), section 2.1, k = 1.
/// The problems are the independent units, not the samples: samples of one problem stand or fall together, so the
/// interval is over the problems' shares. If every share is 0 or 1 (one sample a problem, or a deterministic rule) it
/// is Wilson's over problems, which keeps its width at 0 and 1; else Student's t over the shares, cut to [0, 1].
package struct PassRate: Sendable, Equatable {
    /// Each problem's share of passing samples, in [0, 1].
    package let shares: [Double]
    /// The mean share, in [0, 1].
    package let mean: Double
    /// The range of the true mean.
    package let interval: ConfidenceInterval

    /// Creates the rate from each problem's samples (whether they passed); nil without problems.
    ///
    /// Every problem must have at least one sample.
    package init?(_ problems: [[Bool]]) {
        precondition(problems.allSatisfy { !$0.isEmpty }, "every problem needs a sample")
        let shares = problems.map { samples in Double(samples.count { $0 }) / Double(samples.count) }
        guard let mean = MeanInterval(shares) else { return nil }
        self.shares = shares
        self.mean = mean.mean
        if shares.allSatisfy({ $0 == 0 || $0 == 1 }) {
            interval = WilsonInterval(successes: shares.count { $0 == 1 }, trials: shares.count).interval
        } else {
            interval = mean.interval.clamped(to: 0...1)
        }
    }
}
