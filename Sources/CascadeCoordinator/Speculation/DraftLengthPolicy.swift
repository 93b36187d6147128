package import CascadeCore

/// How many tokens to draft for the most committed tokens per second.
///
/// If each drafted token is accepted with probability a, given that all before it are, a round with k of them commits
/// E(k) = 1 + a + ... + a^k tokens (Leviathan et al., "Fast Inference from Transformers via Speculative Decoding",
/// 2023, eq. 1), or one power less where there is no bonus token. It takes k steps of the drafter and one pass of the
/// expert over k + 1 rows, and the nodes' measured curves say how long those are. With n sequences at a node that all
/// do the same, its passes carry the rows of all of them, so that speculation falls with load.
///
/// Nodes that share cores work one after the other, and the network is waited for as far as no other sequence has work
/// meanwhile: all of it by one alone, an n-th of it by n. Nodes that do not work at the same time: with two or more
/// sequences one half of them is drafted while the other is verified, and a round takes as long as the slower of the
/// two stations is busy with both halves, or as one half waits for both stations and the network.
///
/// A function of measured costs and of what was committed, never of a draft: decisions about a draft that look at the
/// draft would change the answer's distribution. The best k does not fall when a rises.
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
    /// Whether drafter and expert compute on the same cores.
    package var sharesCores: Bool
    /// Milliseconds that asking the expert takes beside its passes.
    package var expertRoundTrip: Double
    /// Milliseconds that asking the drafter takes beside its passes.
    package var drafterRoundTrip: Double

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
        sharesCores: Bool = true,
        expertRoundTrip: Double = 0.5,
        drafterRoundTrip: Double = 0.5
    ) {
        self.expert = expert
        self.drafter = drafter
        self.expertSequences = expertSequences
        self.drafterSequences = drafterSequences
        self.hasBonus = hasBonus
        self.sharesCores = sharesCores
        self.expertRoundTrip = expertRoundTrip
        self.drafterRoundTrip = drafterRoundTrip
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

    /// Milliseconds in which each sequence completes a round that drafts `count` tokens.
    package func milliseconds(_ count: Int) -> Double {
        min(together(count), apart(count) ?? .infinity)
    }

    /// Whether it is faster to verify one half of the sequences while the other is drafted than all at once.
    package func prefersHalves(_ count: Int) -> Bool {
        apart(count).map { $0 < together(count) } ?? false
    }

    /// All sequences are drafted, then all are verified.
    private func together(_ count: Int) -> Double {
        let times = stations(count, parts: 1)
        // While one sequence is on its way, passes carry others: they are never all in step.
        return times.expert + times.drafter + network(count) / Double(max(1, expertSequences))
    }

    /// One half is drafted while the other is verified; nil where both take the same cores' time, or there is one
    /// sequence.
    private func apart(_ count: Int) -> Double? {
        guard !sharesCores, expertSequences > 1 else { return nil }
        let times = stations(count, parts: 2)
        return max(times.expert + times.drafter + network(count), 2 * times.expert, 2 * times.drafter)
    }

    /// How long each station works for one of `parts` equal parts of the sequences.
    private func stations(_ count: Int, parts: Int) -> (expert: Double, drafter: Double) {
        func part(_ sequences: Int) -> Int { (sequences + parts - 1) / parts }
        let rows = hasBonus || count == 0 ? count + 1 : count
        let draft = count == 0 ? nil : drafter?.milliseconds(rows: part(drafterSequences))
        return (expert.milliseconds(rows: part(expertSequences) * rows), Double(count) * (draft ?? 0))
    }

    private func network(_ count: Int) -> Double {
        expertRoundTrip + (count > 0 && drafter != nil ? drafterRoundTrip : 0)
    }
}
