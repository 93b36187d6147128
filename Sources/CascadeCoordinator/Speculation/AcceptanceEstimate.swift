/// Probability that a token that is asked for is drafted and accepted, given that all before it are: a moving average
/// over what was judged, begun with an optimistic prior.
///
/// Evidence fades with every token that is committed, drafted or not. Where drafting was given up the estimate so rises
/// back to the prior, and a short draft tries again now and then: about one in twenty tokens at worst.
package struct AcceptanceEstimate: Equatable, Sendable {
    /// What is expected of a drafter that nothing is known of.
    package static let prior = 0.8
    /// How many judged tokens the prior weighs.
    package static let priorWeight = 4.0
    /// Committed tokens after which evidence weighs 1/e.
    package static let window = 64.0

    private var judged = 0.0
    private var accepted = 0.0

    /// Creates the prior.
    package init() {}

    /// The estimate, between 0 and 1.
    package var value: Double {
        (Self.prior * Self.priorWeight + accepted) / (Self.priorWeight + judged)
    }

    /// The estimate with little weight: what a new sequence begins with, until it knows better.
    package var asPrior: AcceptanceEstimate {
        guard judged > Self.priorWeight else { return self }
        var prior = self
        prior.accepted *= Self.priorWeight / judged
        prior.judged = Self.priorWeight
        return prior
    }

    /// Takes a round: `judged` drafted tokens up to the first that was not accepted, whose probabilities of being
    /// accepted add up to `accepted`.
    package mutating func record(accepted: Double, judged: Int) {
        self.accepted += accepted
        self.judged += Double(judged)
    }

    /// Lets evidence fade by `count` committed tokens.
    package mutating func fade(committed count: Int) {
        for _ in 0..<count {
            judged *= 1 - 1 / Self.window
            accepted *= 1 - 1 / Self.window
        }
    }
}
