extension RuleSettings {
    /// When a drafted token stands; see `CascadeRules` for the law of each.
    ///
    /// p is the expert's row and q the drafter's, H an entropy in nats, TV(p, q) the total variation distance of the
    /// rows that are sampled from. Of "Faster Cascades via Speculative Decoding" (Narasimhan et al., 2025) unless said
    /// otherwise. A larger alpha keeps more, but for `typical` and `ensemble`.
    package enum Rule: String, CaseIterable, Sendable {
        /// The expert's own law, exactly: speculative sampling.
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

        /// Those that judge drafts which an expert has scored.
        package static var speculative: [Self] { allCases.filter { !$0.isSequential } }

        /// Whether drafter and expert work one after the other, and a drafted token is never scored by the expert.
        package var isSequential: Bool { self == .tokenCascade || self == .sequentialChow }

        /// Whether it compares anything of the expert's gate row besides the end tokens' guard.
        package var readsGate: Bool {
            switch self {
            case .lossless, .lossy, .ensemble: false
            default: true
            }
        }

        /// Whether it compares the expert with the drafter, or reads the drafter alone: a draft that no model made is
        /// then judged losslessly (decisions.md 8).
        package var readsDrafter: Bool {
            switch self {
            case .lossy, .chow, .diff, .opt, .tokenV1, .chowLog, .diffLog, .optLog, .bild, .ensemble, .tokenCascade,
                .sequentialChow:
                true
            case .lossless, .tokenV2, .tokenV3, .tokenLT, .typical, .topkDelta: false
            }
        }

        /// Whether it acts through the coin alone, and so does nothing at temperature 0, where no coin is left.
        package var needsCoin: Bool { self == .lossy || self == .ensemble }

        /// Whether it reads the expert's entropy.
        package var readsExpertEntropy: Bool { [.diffLog, .optLog, .typical].contains(self) }

        /// Whether it reads the drafter's entropy.
        package var readsDraftEntropy: Bool { [.chowLog, .diffLog, .optLog].contains(self) }

        /// The knob's value where the user names none; nil for a rule without a knob.
        package var defaultAlpha: Double? {
            switch self {
            case .lossless: nil
            case .lossy, .tokenV1, .tokenV2, .tokenV3, .tokenLT: 0.3
            case .chow, .tokenCascade: 0.2
            case .sequentialChow: 0.1
            case .diff: -0.05
            case .opt: -0.1
            case .chowLog: 0.5
            case .diffLog: -0.1
            case .optLog: -0.5
            case .bild: 1
            case .typical: 0.09
            case .topkDelta: 0.6
            case .ensemble: 0.8
            }
        }

        /// Sensible values of the knob; nil where any finite number is.
        package var alphaRange: ClosedRange<Double>? {
            switch self {
            case .lossless, .opt, .diffLog, .optLog: nil
            case .chow, .tokenV3, .tokenLT, .typical, .topkDelta, .ensemble, .tokenCascade, .sequentialChow: 0...1
            case .lossy: 0...0.999
            case .diff, .tokenV1, .tokenV2: -1...1
            case .chowLog, .bild: 0...(.infinity)
            }
        }
    }
}
