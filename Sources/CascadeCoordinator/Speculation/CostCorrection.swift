package import CascadeCore

/// How a node's passes compare with the curve that it measured before it was ready.
///
/// Nodes of one host often start together and disturb each other's measurement; later the load may change. So the curve
/// is scaled by the mean of what answers took over what it says they should have taken, of the last few answers. After
/// a pause the mean begins anew: what was slow then may have passed.
package struct CostCorrection: Equatable, Sendable {
    /// Answers over which the mean is taken.
    package static let window = 16
    /// Milliseconds after the last answer from which the mean says nothing any more.
    package static let lifetimeMilliseconds: UInt64 = 5_000
    /// How far a single answer may lead away.
    private static let plausible = 0.1...10.0
    /// How much a single answer may raise the factor: whatever disturbs a pass makes it longer, never shorter.
    private static let largestRise = 2.0

    /// By what to multiply the curve.
    package private(set) var factor = 1.0
    /// Answers that were counted, up to ``window``.
    package private(set) var observations = 0
    private var lastObserved: Instant?

    /// Creates the correction of a curve that nothing is known of: none.
    package init() {}

    /// Whether no answer was timed for ``lifetimeMilliseconds``.
    package func isStale(at now: Instant) -> Bool {
        guard let lastObserved else { return true }
        return now.milliseconds(since: lastObserved) >= Double(Self.lifetimeMilliseconds)
    }

    /// Takes an answer at `now` whose passes took `measured` milliseconds and should have taken `expected`.
    package mutating func observe(expected: Double, measured: Double, at now: Instant) {
        guard expected > 0, measured > 0 else { return }
        observations = isStale(at: now) ? 1 : min(observations + 1, Self.window)
        lastObserved = now
        let ratio = min(max(measured / expected, Self.plausible.lowerBound), Self.plausible.upperBound)
        factor = min(factor + (ratio - factor) / Double(observations), factor * Self.largestRise)
    }
}
