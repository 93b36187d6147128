internal import CascadeCore

/// K: the tokens that a rule lets stand at one position without a coin.
///
/// Membership of a token is decided from a handful of numbers that both the expert, who holds the row, and the
/// coordinator, who holds the evidence, have to the bit. So the two never disagree, and no one ships a set.
struct KeptSet {
    /// What the expert's side contributes; a number that the rule does not read may be anything.
    struct Expert {
        /// The gate's largest probability, its token and its entropy.
        var maximum: Double
        var argmax: Token
        var entropy: Double
        /// The gate's probability of the drafter's favourite.
        var favouriteProbability: Double
        /// TV(p, q) of the processed rows.
        var variation: Double
    }

    /// One token's numbers in the expert's rows and the drafter's gate.
    struct Candidate {
        var token: Token
        /// Processed p.
        var probability: Double
        /// The gate's p.
        var gateProbability: Double
        /// Whether it is among the gate's top N.
        var isInTop: Bool
        /// The drafter's gate probability.
        var draftProbability: Double
    }

    /// What a token must show.
    private enum Test {
        case nothingStands
        case everythingStands
        case gateAtLeast(Double)
        case gateAbove(Double)
        case inTopAtLeast(Double)
        case draftAtLeast(Double)
    }

    /// The rule in force: `lossless` at a strict position, where the expert would end the text, and where a rule that
    /// reads the drafter meets a draft that no model made.
    let rule: RuleSettings.Rule
    /// How the rule weighs what it does not keep.
    let form: Law.Form
    private let test: Test
    private let guardTokens: [Token]
    private let isGreedy: Bool

    /// K at `position`; `draft` is the drafter's gate.
    init(expert: Expert, draft: DraftGate, spec: SequenceSpec, position: Int) {
        let settings = spec.rule
        guardTokens = spec.guardTokens
        isGreedy = spec.sampling.isGreedy
        let isLossless =
            spec.isStrict(position: position) || guardTokens.contains(expert.argmax)
            || (settings.rule.readsDrafter && !(draft.maximum > 0))
        rule = isLossless ? .lossless : settings.rule
        form = rule.traits.kind == .filling && settings.verifyMethod != .coupled ? .eta : .coin
        test = Self.test(rule, settings, expert, draft)
    }

    /// Each condition says what keeps, so that a NaN keeps nothing.
    private static func test(
        _ rule: RuleSettings.Rule,
        _ settings: RuleSettings,
        _ expert: Expert,
        _ draft: DraftGate
    ) -> Test {
        let alpha = settings.alpha
        func position(_ stands: Bool) -> Test { stands ? .everythingStands : .nothingStands }
        switch rule {
        // The sequential baselines have no drafts that an expert judges.
        case .lossless, .lossy, .ensemble, .tokenCascade, .sequentialChow: return .nothingStands
        case .chow: return position(draft.maximum >= 1 - alpha)
        case .diff: return position(draft.maximum >= expert.maximum - alpha)
        case .opt: return position(draft.maximum >= expert.maximum - alpha * expert.variation)
        case .chowLog: return position(draft.entropy <= alpha)
        case .diffLog: return position(draft.entropy <= expert.entropy + alpha)
        case .optLog: return position(draft.entropy <= expert.entropy + alpha * expert.variation)
        case .bild: return position(expert.favouriteProbability >= Math.exp(-alpha))
        case .tokenV1: return .draftAtLeast(expert.maximum - alpha)
        case .tokenV2: return .gateAtLeast(expert.maximum - alpha)
        case .tokenV3, .tokenLT: return .gateAtLeast((1 - alpha) * expert.maximum)
        case .typical: return .gateAbove(min(alpha, settings.delta * Math.exp(-expert.entropy)))
        case .topkDelta: return .inTopAtLeast(expert.maximum - alpha)
        }
    }

    /// Whether a token stands.
    ///
    /// A token that the expert cannot emit never stands, nor does a guarded one. What the expert can emit is the
    /// support of its processed row; at temperature 0, where that is one token by construction, of the gate's row.
    func contains(_ one: Candidate) -> Bool {
        guard admits(one.token, isGreedy ? one.gateProbability : one.probability) else { return false }
        switch test {
        case .nothingStands: return false
        case .everythingStands: return true
        case .gateAtLeast(let least): return one.gateProbability >= least
        case .gateAbove(let limit): return one.gateProbability > limit
        case .inTopAtLeast(let least): return one.isInTop && one.gateProbability >= least
        case .draftAtLeast(let least): return one.draftProbability >= least
        }
    }

    /// Whether a token may have more than the lossless coin: the expert can emit it, and it is not guarded.
    func admits(_ token: Token, _ probability: Double) -> Bool {
        probability > 0 && !guardTokens.contains(token)
    }
}
