package import CascadeCore

/// What one round commits, and the ledger of its draft (decisions.md 14), before any cut at a stop or token limit:
/// drafted = kept + matched + recovered + discarded, and as many tokens as kept + matched + recovered + bonus.
package struct RoundOutcome: Equatable, Sendable {
    /// The tokens to commit, in order.
    package var tokens: [Token] = []
    /// Where each of them comes from.
    package var origins: [Origin] = []
    /// Drafted tokens that the rule let stand.
    package var kept = 0
    /// Drafted tokens that the coin accepted.
    package var matched = 0
    /// 1 if the expert's residual token took a drafted token's place, which ended the round; else 0.
    package var recovered = 0
    /// 1 if the expert's token behind the draft is committed, else 0.
    package var bonus = 0
    /// Drafted tokens that were not judged: those behind the first one that was not accepted.
    package var discarded = 0
    /// Accepted tokens that `lossless` would have rejected with the same coin.
    package var relaxed = 0

    /// Nothing committed.
    package init() {}

    /// A draft that is committed as it is, without an expert.
    package init(unjudged draft: [Token]) {
        for token in draft { commit(token, .kept) }
        kept = draft.count
    }

    /// Drafted tokens that are committed.
    package var accepted: Int { kept + matched }

    mutating func commit(_ token: Token, _ origin: Origin) {
        tokens.append(token)
        origins.append(origin)
    }
}
