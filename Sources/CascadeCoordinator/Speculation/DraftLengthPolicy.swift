/// How many tokens to draft for the most committed tokens per second.
///
/// If each drafted token is accepted with probability a, given that all before it are, a round with k of them commits
/// E(k) = 1 + a + ... + a^k tokens (Leviathan et al., "Fast Inference from Transformers via Speculative Decoding", 2023,
/// eq. 1), or one power less where there is no bonus token. It takes k steps of the drafter and one pass of the expert
/// over k + 1 rows, and the nodes' measured curves say how long those are. With n sequences at a node that all do the
/// same, its passes carry the rows of all of them, so that speculation falls with load.
///
/// A function of measured costs and of what was committed, never of a draft: decisions about a draft that look at the
/// draft would change the law of the answer. The best k does not fall when a rises.
package struct DraftLengthPolicy: Sendable {
    /// The expert's curve.
    package var expert: PassCosts
    /// The drafter's; nil where drafts cost nothing, as those of lookup do.
    package var drafter: PassCosts?
    /// Sequences that share the expert's passes, this one included.
    package var expertSequences: Int
    /// Sequences that share the drafter's.
    package var drafterSequences: Int
    /// Whether a token of the expert's comes behind a fully accepted draft.
    package var hasBonus: Bool
    /// Milliseconds that asking a node costs beside its passes.
    package var requestMilliseconds: Double

    /// Most tokens that an adaptive round drafts.
    package static let maximum = 8

    /// A draft length and what it is expected to yield.
    package struct Choice: Equatable, Sendable {
        /// Tokens to draft; 0 where drafting does not pay.
        package var count: Int
        /// Expected committed tokens of the sequence per second.
        package var tokensPerSecond: Double
    }

    /// Creates a policy from the curves of the nodes that would be asked.
    package init(
        expert: PassCosts,
        drafter: PassCosts?,
        expertSequences: Int = 1,
        drafterSequences: Int = 1,
        hasBonus: Bool = true,
        requestMilliseconds: Double = 0.5
    ) {
        self.expert = expert
        self.drafter = drafter
        self.expertSequences = expertSequences
        self.drafterSequences = drafterSequences
        self.hasBonus = hasBonus
        self.requestMilliseconds = requestMilliseconds
    }

    /// The best draft length from 0 to `limit`, of equals the shortest.
    ///
    /// - Parameter acceptance: Probability that a drafted token is accepted, given that all before it are.
    package func choose(acceptance: Double, upTo limit: Int) -> Choice {
        var best = Choice(count: 0, tokensPerSecond: 0)
        var power = 1.0
        var sum = 1.0
        for count in 0...max(0, limit) {
            if count > 0 {
                power *= acceptance
                sum += power
            }
            let committed = hasBonus || count == 0 ? sum : sum - power
            let rate = 1_000 * committed / milliseconds(count)
            if count == 0 || rate > best.tokensPerSecond { best = Choice(count: count, tokensPerSecond: rate) }
        }
        return best
    }

    /// Milliseconds of a round that drafts `count` tokens.
    package func milliseconds(_ count: Int) -> Double {
        let rows = hasBonus || count == 0 ? count + 1 : count
        var total = requestMilliseconds + expert.milliseconds(rows: expertSequences * rows)
        if count > 0, let drafter {
            total += requestMilliseconds + Double(count) * drafter.milliseconds(rows: drafterSequences)
        }
        return total
    }
}
