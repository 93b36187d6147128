/// How a node's passes compare with the curve that it measured before it was ready.
///
/// Nodes of one host often start together and disturb each other's measurement; later the load may change. So the curve
/// is scaled by the mean of what answers took over what it says they should have taken, of the last few answers.
package struct CostCorrection: Equatable, Sendable {
    /// Answers over which the mean is taken.
    package static let window = 16
    /// How far a single answer may lead away.
    private static let plausible = 0.1...10.0

    /// By what to multiply the curve.
    package private(set) var factor = 1.0
    /// Answers that were counted, up to ``window``.
    package private(set) var observations = 0

    /// Creates the correction of a curve that nothing is known of: none.
    package init() {}

    /// Takes an answer whose passes took `measured` milliseconds and should have taken `expected`.
    package mutating func observe(expected: Double, measured: Double) {
        guard expected > 0, measured > 0 else { return }
        observations = min(observations + 1, Self.window)
        let ratio = min(max(measured / expected, Self.plausible.lowerBound), Self.plausible.upperBound)
        factor += (ratio - factor) / Double(observations)
    }
}
