/// The coordinator's own look at how long a node takes, beside what the node says of itself.
///
/// An answer cannot come later than everything that was outstanding at its node takes, one behind the other. Where several
/// answers in a row, the quickest included, took many times what is believed of all that, the curve is wrong, and so is what
/// the node says of its passes. What disturbs a single answer, or a machine that is busy, does not come so far.
///
/// How wrong it is tells the quickest answer beside its own work alone: what was outstanding with it is mostly in the same
/// passes, and a factor that left room for all of it would still make of the liar the fastest of its pool.
///
/// A node that says of its passes that they are far quicker than its own curve must be seen to be: there the quickest answer
/// beside its own work is all that counts, since what is at stake is no more than to be taken for what the curve says.
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
    /// How many times longer than the curve says the last answers took: of all that was outstanding, and of their own work.
    private var ratios: [Ratio] = []

    /// Creates a watch on a node; `factor` is what is known of an earlier process of its name.
    init(factor: Double? = nil) {
        self.factor = factor
    }

    /// Takes an answer that came `waited` milliseconds after its request, the network left out, where by the node's curve all
    /// that was outstanding should have taken `expected`, and its own passes `own`.
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
