package import CascadeCore

/// How many tokens of prompts a pass may take, so that whoever shares it gets the next token in time.
///
/// A running stream's gap is at least the pass that its token is in, and a prompt fills whatever pass it is given. So
/// while somebody decodes, a pass with prompts in it takes no longer than a bound, by the node's own cost curve. While
/// nobody does, it may take ``aloneFactor`` times as long: a stream that begins, or another prompt, has to wait for it.
/// Where those that decode, or a single token, fill the bound by themselves, a prompt still gets a part of the pass
/// (``stretch``).
///
/// What passes take is learnt from them: those far into a long prompt take longer than the curve says, which was
/// measured at its beginning, and so do all on a machine that has become slower. Where the bound is so many passes of
/// one token, it grows with what passes without prompts take. Pure.
package struct PromptPace: Equatable, Sendable {
    /// How much longer a pass may take while nobody decodes.
    static let aloneFactor = 4.0
    /// How much longer than for those that decode alone, or for one token, a pass may take in any case: a third of it
    /// is then prompts'.
    static let stretch = 1.5
    /// How much each pass counts for what is learnt.
    private static let weight = 0.1
    /// How far that may lead away from the curve.
    private static let plausible = 0.5...8.0

    /// What passes took by the node's measurement; nil where nothing is known and nothing is limited.
    private let costs: PassCosts?
    /// Milliseconds; nil for `PassCosts.passesBetweenTokens`.
    private let maxInterToken: Double?
    /// By what to multiply the curve: for passes with prompts in them, and for those without.
    private(set) var correction = 1.0
    private(set) var plainCorrection = 1.0

    /// - Parameters:
    ///   - costs: the node's cost curve, rows ascending; without points nothing is limited.
    ///   - maxInterTokenMilliseconds: the bound; nil for what
    ///     `PassCosts.passesBetweenTokens` passes of one token take.
    package init(costs: [CostPoint] = [], maxInterTokenMilliseconds: Double? = nil) {
        self.costs = PassCosts(costs)
        maxInterToken = maxInterTokenMilliseconds
    }

    /// Learns from a pass.
    mutating func note(rows: Int, hasPrompts: Bool, milliseconds: Double) {
        guard let costs, milliseconds.isFinite, milliseconds > 0 else { return }
        let seen = milliseconds / costs.milliseconds(rows: rows)
        let ratio = min(max(seen, Self.plausible.lowerBound), Self.plausible.upperBound)
        if hasPrompts {
            correction += (ratio - correction) * Self.weight
        } else {
            plainCorrection += (ratio - plainCorrection) * Self.weight
        }
    }

    /// The most tokens of prompts, at least one and at most `limit`, for a pass that has `rows` rows of others.
    ///
    /// - Parameter isShared: whether somebody decodes, in this pass or between two rounds.
    func promptRows(beside rows: Int, isShared: Bool, upTo limit: Int) -> Int {
        guard let costs, limit > 1 else { return max(1, limit) }
        let usual = PassCosts.passesBetweenTokens * plainCorrection * costs.milliseconds(rows: 1)
        let bound = (maxInterToken ?? usual) / correction
        let least = Self.stretch * costs.milliseconds(rows: max(rows, 1))
        let most = max(isShared ? bound : Self.aloneFactor * bound, least)
        // The curve does not fall, so what fits is all up to some number.
        var (fits, exceeds) = (1, limit + 1)
        while exceeds - fits > 1 {
            let middle = (fits + exceeds) / 2
            if costs.milliseconds(rows: rows + middle) <= most { fits = middle } else { exceeds = middle }
        }
        return fits
    }
}
