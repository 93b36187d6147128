/// The coordinator's own look at how long a node takes, beside what the node says of itself.
///
/// An answer cannot come later than everything that was outstanding at its node takes, one behind the other. Where
/// several answers in a row, the quickest included, took many times what is believed of all that, the curve is wrong,
/// and so is what the node says of its passes. What disturbs a single answer, or a machine that is busy, does not come
/// so far.
///
/// The factor comes from an answer's own work alone. Say a node's curve has 1 ms for a pass that takes 20, and four
/// requests are outstanding: they should take 4 ms together, and 20 is more than four times that, so the curve is
/// wrong. The factor is 20 / 1, not 20 / 4: the four were in one pass.
///
/// A node may also say that its passes are quicker than its own curve. Say the curve has 20 ms and the node speaks of
/// 2, a tenth: that stands while its quickest answer came within four tenths of the curve, 8 ms. Otherwise the curve
/// counts.
struct PaceWatch: Equatable, Sendable {
    /// Answers of which the quickest counts.
    static let window = 8
    /// Answers before anything is said.
    static let least = 3
    /// How many times too late answers may be before the node is disbelieved.
    static let tolerance = 4.0
    /// Milliseconds that wake-ups, gathering and the network may add to an answer.
    static let allowance = 3.0

    /// By what to multiply the node's curve at least; nil where its word stands.
    private(set) var factor: Double?
    /// How many times longer than the curve says the last answers took: of all that was outstanding, and of their own
    /// work.
    private var ratios: [Ratio] = []

    /// Creates a watch on a node; `factor` is what is known of an earlier process of its name.
    init(factor: Double? = nil) {
        self.factor = factor
    }

    /// Takes an answer that came `waited` milliseconds after its request, the network left out, where by the node's
    /// curve all that was outstanding should have taken `expected`, and its own passes `own`.
    ///
    /// - Parameter correction: by what the curve is multiplied on the node's word.
    mutating func observe(waited: Double, expected: Double, own: Double, correction: Double) {
        guard waited.isFinite, expected > 0, own > 0 else { return }
        let spent = max(0, waited - Self.allowance)
        ratios.append(Ratio(whole: spent / expected, own: spent / own))
        if ratios.count > Self.window { ratios.removeFirst() }
        guard ratios.count >= Self.least, let whole = ratios.map(\.whole).min(), let least = ratios.map(\.own).min()
        else { return }
        if whole > Self.tolerance * max(1, correction) {
            factor = least
        } else {
            factor = correction < 1 && least > Self.tolerance * correction ? min(1, least) : nil
        }
    }

    private struct Ratio: Equatable, Sendable {
        var whole: Double
        var own: Double
    }
}
