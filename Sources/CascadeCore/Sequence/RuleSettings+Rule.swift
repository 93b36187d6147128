extension RuleSettings {
    /// When a drafted token stands; see `CascadeRules` for the law of each.
    ///
    /// p is the expert's row and q the drafter's, H an entropy in nats, TV(p, q) the total variation distance of the
    /// rows that are sampled from. Of "Faster Cascades via Speculative Decoding" (Narasimhan et al., 2025) unless said
    /// otherwise. What else there is to know of each is in its ``traits``.
    package enum Rule: String, CaseIterable, Sendable {
        /// The expert's own output distribution, exactly: speculative sampling.
        case lossless
        /// Accept as if q were (1 - alpha) q (Leviathan et al., 2023, A.5).
        case lossy
        /// Keep a position while the drafter is confident: max q >= 1 - alpha (eq. 2).
        case chow
        /// Keep a position where the drafter is nearly as confident: max q >= max p - alpha (eq. 5).
        case diff
        /// The same, with the bar lowered by what a rejection would cost: max q >= max p - alpha TV(p, q) (eq. 10).
        case opt
        /// Keep a token that the drafter finds likely: q(x) >= max p - alpha (eq. 13).
        case tokenV1 = "token-v1"
        /// Keep a token within the expert's head: p(x) >= max p - alpha (eq. 14).
        case tokenV2 = "token-v2"
        /// Keep a token within the expert's head: p(x) >= (1 - alpha) max p (eq. 15).
        case tokenV3 = "token-v3"
        /// As `token-v3`, but a token outside the head is judged losslessly.
        case tokenLT = "token-lt"
        /// Keep a position while the drafter's entropy is low: H(q) <= alpha.
        case chowLog = "chow-log"
        /// Keep a position where the drafter's entropy is not much above the expert's: H(q) <= H(p) + alpha.
        case diffLog = "diff-log"
        /// The same by the distance of the rows: H(q) <= H(p) + alpha TV(p, q) (C.2).
        case optLog = "opt-log"
        /// Keep a position where the expert finds the drafter's favourite likely enough: -ln p(argmax q) <= alpha (Kim
        /// et al., 2023).
        case bild
        /// Keep a token that is likely for how sure the expert is: p(x) > min(alpha, delta exp(-H(p))) (Cai et al.,
        /// 2024).
        case typical
        /// Keep one of the expert's `topN` likeliest tokens: p(x) >= max p - alpha (TensorRT-LLM's relaxed acceptance).
        case topkDelta = "top-k-delta"
        /// Emit from the mixture alpha p + (1 - alpha) q.
        case ensemble
        /// A baseline without speculation (paper, algorithm 2): the drafter writes while max q >= 1 - alpha; the expert
        /// writes the token where it is less, and sees nothing else.
        case tokenCascade = "token-cascade"
        /// A baseline without speculation (paper, algorithm 1): the drafter writes the whole answer, which stands if
        /// the geometric mean of its max q is at least 1 - alpha; else the expert answers from the start, alone.
        case sequentialChow = "sequential-chow"

        /// The table of rules: number on the wire, kind, what it reads, alpha (standard, range, ladder), second knob.
        package var traits: RuleTraits {
            switch self {
            case .lossless: .init(1, .lossless)
            case .lossy: .init(5, .coin, [], (0.3, 0...0.999, [0.1, 0.2, 0.3, 0.5, 0.7, 0.9]))
            case .chow: .init(2, .keeping, .maxQ, (0.2, 0...1, [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7]))
            case .diff: .init(6, .keeping, [.maxQ, .maxP], (-0.05, -1...1, [-0.2, -0.1, -0.05, 0, 0.1, 0.2, 0.4]))
            case .opt: .init(7, .keeping, [.maxQ, .maxP, .variation], (-0.1, nil, [-0.5, -0.2, -0.1, 0, 0.2, 0.5, 1]))
            case .tokenV1: .init(8, .filling, [.q, .maxP], (0.3, -1...1, [0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9]))
            case .tokenV2: .init(9, .filling, [.p, .maxP], (0.3, -1...1, [0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9]))
            case .tokenV3:
                .init(3, .filling, [.p, .maxP], (0.3, 0...1, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]))
            case .tokenLT:
                .init(4, .keeping, [.p, .maxP], (0.3, 0...1, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]))
            case .chowLog: .init(10, .keeping, .entropyQ, (0.5, 0...(.infinity), [0.1, 0.25, 0.5, 0.75, 1, 1.5]))
            case .diffLog:
                .init(11, .keeping, [.entropyQ, .entropyP], (-0.1, nil, [-0.5, -0.2, -0.1, 0, 0.1, 0.3, 0.6]))
            case .optLog:
                .init(12, .keeping, [.entropyQ, .entropyP, .variation], (-0.5, nil, [-1, -0.5, -0.2, 0, 0.5, 1]))
            case .bild: .init(13, .keeping, .favourite, (1, 0...(.infinity), [0.2, 0.5, 1, 1.5, 2, 3]))
            case .typical:
                .init(14, .keeping, [.p, .entropyP], (0.09, 0...1, [0.5, 0.3, 0.2, 0.09, 0.05, 0.02]), .delta)
            case .topkDelta: .init(15, .keeping, [.p, .maxP, .top], (0.6, 0...1, [0.1, 0.2, 0.4, 0.6, 0.8]), .topN)
            case .ensemble: .init(16, .coin, [], (0.8, 0...1, [0.95, 0.9, 0.8, 0.6, 0.4, 0.2]))
            case .tokenCascade: .init(17, .sequential, .maxQ, (0.2, 0...1, [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7]))
            case .sequentialChow: .init(18, .sequential, .maxQ, (0.1, 0...1, [0.02, 0.05, 0.1, 0.15, 0.2, 0.3]))
            }
        }

        /// Those that judge drafts which an expert has scored.
        package static var speculative: [Self] { allCases.filter { !$0.isSequential } }

        /// Whether drafter and expert work one after the other, and a drafted token is never scored by the expert.
        package var isSequential: Bool { traits.kind == .sequential }

        /// Whether a gate decides what stands.
        package var readsGate: Bool { ![.lossless, .coin].contains(traits.kind) }

        /// Whether it compares the expert with the drafter, or reads the drafter alone: a draft that no model made is
        /// then judged losslessly (decisions.md 8b).
        package var readsDrafter: Bool { needsCoin || !traits.reads.isDisjoint(with: .ofDrafter) }

        /// Whether it acts through the coin alone, and so does nothing at temperature 0, where no coin is left.
        package var needsCoin: Bool { traits.kind == .coin }

        /// The knob's value where the user names none; nil for a rule without a knob.
        package var defaultAlpha: Double? { traits.alpha?.standard }
    }
}
