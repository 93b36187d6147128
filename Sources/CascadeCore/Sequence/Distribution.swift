/// A next-token distribution with finite support: the row that a drafter sampled from, or an expert's processed row.
///
/// Token ids ascend strictly and each probability is positive; the support may be a few dozen entries (a drafter's row
/// cut to `draft_support`) or the whole vocabulary. Probabilities need not add up to one: everyone who uses a row
/// divides by ``total``, the sum in double precision in row order, so drafter, expert and coordinator agree to the bit.
package struct Distribution: Equatable, Sendable {
    /// Token ids of the support, strictly ascending.
    package private(set) var tokens: [Token]
    /// Unnormalised probability of each token of the support, all positive and finite.
    package private(set) var weights: [Float]
    /// Sum of the weights in row order.
    package private(set) var total: Double
    /// Its bytes in the frame that it came in, so that it can be passed on as it is; nil where it was made here. No
    /// part of the distribution: equal ones may differ in it.
    package var encoded: ArraySlice<UInt8>?

    /// Whether two have the same support and weights.
    package static func == (left: Distribution, right: Distribution) -> Bool {
        left.tokens == right.tokens && left.weights == right.weights
    }

    /// Creates a distribution; nil when a peer's row breaks a rule: unequal counts, an empty support, ids that do not
    /// ascend, a weight that is not positive and finite.
    package init?(tokens: [Token], weights: [Float]) {
        guard tokens.count == weights.count, !tokens.isEmpty else { return nil }
        var total = 0.0
        for index in tokens.indices {
            guard weights[index] > 0, weights[index].isFinite else { return nil }
            if index > 0, tokens[index - 1] >= tokens[index] { return nil }
            total += Double(weights[index])
        }
        self.tokens = tokens
        self.weights = weights
        self.total = total
    }

    /// The smallest set of its most likely tokens that has at least `share` of its mass, unnormalised as before; of
    /// equals the lowest ids. O(support log support).
    package func cut(toShare share: Double) -> Distribution {
        let ranked = weights.indices.sorted { weights[$0] > weights[$1] || (weights[$0] == weights[$1] && $0 < $1) }
        var mass = 0.0
        var kept = 0
        while kept < ranked.count, mass < share * total {
            mass += Double(weights[ranked[kept]])
            kept += 1
        }
        guard kept < ranked.count else { return self }
        let places = ranked.prefix(max(1, kept)).sorted()
        return Distribution(tokens: places.map { tokens[$0] }, weights: places.map { weights[$0] }) ?? self
    }

    /// All mass on one token.
    package init(oneHot token: Token) {
        tokens = [token]
        weights = [1]
        total = 1
    }

    /// Whether all mass is on one token.
    package var isOneHot: Bool { tokens.count == 1 }

    /// Index of `token` in the support, or nil. O(log support).
    package func index(of token: Token) -> Int? {
        var low = 0
        var high = tokens.count
        while low < high {
            let middle = (low + high) / 2
            if tokens[middle] < token { low = middle + 1 } else { high = middle }
        }
        return low < tokens.count && tokens[low] == token ? low : nil
    }

    /// Probability of the support's entry at `index`.
    package func probability(at index: Int) -> Double {
        Double(weights[index]) / total
    }

    /// Probability of `token`; 0 outside the support.
    package func probability(of token: Token) -> Double {
        index(of: token).map(probability(at:)) ?? 0
    }

    /// Entropy in nats.
    package var entropy: Double {
        tokens.indices.reduce(0) { sum, index in
            let share = probability(at: index)
            return share > 0 ? sum - share * Math.log(share) : sum
        }
    }

    /// The most likely token, of equals the lowest id.
    package var argmax: Token {
        var best = 0
        for index in weights.indices where weights[index] > weights[best] { best = index }
        return tokens[best]
    }

    /// The largest probability.
    package var largestProbability: Double {
        Double(weights.reduce(0, max)) / total
    }
}
