import CascadeCore

/// How a round begins.
enum DraftPlan: Equatable, Sendable {
    /// Without a draft.
    case none
    /// With these tokens, which lookup found.
    case lookup(ArraySlice<Token>)
    /// With a request to a drafter for so many tokens.
    case ask(NodeHandle, count: Int)
    /// Not yet: a drafter is needed, and none has room now.
    case wait
}

/// What a round's draft comes from, and how long it is, as a function of what is known before anything is drafted
/// (decisions.md 2): committed tokens, measured costs, and the nodes that are there.
struct DraftPlanner: Sendable {
    /// The drafter that would be asked.
    struct Drafter: Sendable {
        let handle: NodeHandle
        /// Tokens that it could draft for the sequence.
        let most: Int
        /// What its passes take; nil where nobody knows.
        let costs: PassCosts?
        /// Sequences that would share its passes, this one included.
        let sequences: Int
        /// Milliseconds that asking it takes beside its passes.
        let roundTrip: Double
        /// Whether it computes on the expert's cores. Cores that nobody knows of are taken for shared: a draft that did
        /// not pay costs more than one that was not asked.
        let sharesCores: Bool
        /// Committed tokens that it has to read first.
        let missing: Int
        /// Whether only an answer can tell how fast it is now.
        let needsProbe: Bool
    }

    /// What was decided.
    struct Decision: Equatable, Sendable {
        var plan: DraftPlan
        /// Whether costs were compared.
        var isPriced = false
        /// Whether the drafter is asked only to see how long it takes.
        var isProbe = false
    }

    /// Most tokens of the draft.
    let limit: Int
    /// Whether as many are to be drafted as may be; else as many as pay.
    let isFixed: Bool
    /// What lookup found, at most `limit` tokens.
    let found: ArraySlice<Token>
    /// The drafter; nil where none can be asked, or none is needed.
    let drafter: Drafter?
    /// What rounds cost at the expert without a drafter; nil where its costs are not known.
    let rounds: DraftLengthPolicy?
    /// Tokens that the answer may still get.
    let remaining: Int
    /// How the sequence's drafts fare.
    let acceptance: DraftAcceptance
    /// How those of a drafter fare in the whole pool; nil where that is not known.
    let poolAcceptance: AcceptanceEstimate?
    /// Tokens to draft where costs are not known.
    let unmeasured: Int

    /// Decides.
    ///
    /// Fixed length: lookup where it matches, else the drafter. Adaptive: of both, and of no draft, whatever is
    /// expected to yield the most tokens per second.
    func decide() -> Decision {
        guard limit > 0, !found.isEmpty || drafter != nil else { return Decision(plan: .none) }
        guard !isFixed else { return Decision(plan: simplePlan(upTo: limit)) }
        guard let rounds else { return Decision(plan: simplePlan(upTo: min(limit, unmeasured))) }
        let copy = rounds.choose(acceptance: acceptance.lookup.value, upTo: found.count)
        var decision = Decision(plan: copy.count > 0 ? .lookup(found.prefix(copy.count)) : .none, isPriced: true)
        guard let drafter else { return decision }
        guard drafter.costs != nil else {
            if copy.count == 0 { decision.plan = .ask(drafter.handle, count: min(drafter.most, unmeasured)) }
            return decision
        }
        let together = rounds.with(drafter)
        let ask = together.choose(acceptance: modelAcceptance(rounds), upTo: drafter.most)
        if ask.count > 0, pays(ask, over: copy, together, drafter) {
            decision.plan = .ask(drafter.handle, count: ask.count)
        } else if copy.count == 0, drafter.needsProbe, couldPay(together, upTo: drafter.most) {
            // However slow it seems: only an answer can tell that it is not, or not any more.
            decision.plan = .ask(drafter.handle, count: 1)
            decision.isProbe = true
        }
        return decision
    }

    /// Lookup where it matches, else the drafter.
    private func simplePlan(upTo limit: Int) -> DraftPlan {
        if !found.isEmpty { return .lookup(found.prefix(limit)) }
        return drafter.map { .ask($0.handle, count: min(limit, $0.most)) } ?? .none
    }

    /// How likely a model's token is to be accepted. Sequences that share passes do best in step: all of them draft as
    /// long as the pool's experience says. What one of them has seen is little, and drafting when it happens to look
    /// well would make the passes of all of them longer.
    private func modelAcceptance(_ rounds: DraftLengthPolicy) -> Double {
        let shared = rounds.expertSequences > 1 ? poolAcceptance : nil
        return (shared ?? acceptance.model).value
    }

    /// Whether asking a drafter beats what else could be done, the tokens that it has to read first included.
    ///
    /// Of sequences that share passes some are always out of step, which no curve knows and which costs some of the
    /// gain: what promises little there is left alone. And where one has a prompt to be read the others have too, or
    /// wait for it.
    private func pays(
        _ ask: DraftLengthPolicy.Choice,
        over other: DraftLengthPolicy.Choice,
        _ rounds: DraftLengthPolicy,
        _ drafter: Drafter
    ) -> Bool {
        let margin = rounds.expertSequences > 1 ? Self.sharedPassMargin : 1
        guard ask.tokensPerSecond > other.tokensPerSecond * margin else { return false }
        guard drafter.missing > Self.longestHeldTail, let costs = drafter.costs else { return true }
        let reading = costs.milliseconds(rows: drafter.missing) * Double(rounds.expertSequences)
        let tokens = Double(min(remaining, Self.payingHorizon))
        return 1_000 * tokens / ask.tokensPerSecond + reading < 1_000 * tokens / other.tokensPerSecond
    }

    /// Whether drafts would pay if the drafter took no time at all.
    private func couldPay(_ rounds: DraftLengthPolicy, upTo most: Int) -> Bool {
        var free = rounds
        free.drafter = nil
        return free.choose(acceptance: modelAcceptance(free), upTo: most).count > 0
    }

    /// How much faster a draft must promise to be where sequences share passes.
    private static let sharedPassMargin = 1.1
    /// Tokens within which reading a prompt must have paid: an answer may end any time.
    private static let payingHorizon = 64
    /// Tokens that a drafter may have to read before that counts as a prompt.
    static let longestHeldTail = 16
    /// Tokens beyond which a prompt takes so many passes that others had better not draft meanwhile.
    static let longPrompt = 64
}

extension DraftLengthPolicy {
    /// What rounds cost with a drafter.
    func with(_ drafter: DraftPlanner.Drafter) -> DraftLengthPolicy {
        var policy = self
        policy.drafter = drafter.costs
        policy.drafterSequences = max(1, drafter.sequences)
        policy.drafterRoundTrip = drafter.roundTrip
        policy.sharesCores = drafter.sharesCores
        return policy
    }
}
