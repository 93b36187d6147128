internal import CascadeCore
internal import CascadeHost
internal import CascadeNode

/// How one token of an answer came to be, as `cascade submit --explain --json` prints it; keys in snake case.
struct TokenExplanation: Encodable {
    /// From the answer's first token, 0.
    var index: Int
    var token: Token
    /// The token's part of the text; half a character comes as U+FFFD.
    var text: String
    /// `matched`, `kept` or `expert`.
    var origin: String
    /// `matched`, `kept`, `recovered` (the expert's, in a drafted token's place) or `bonus` (the expert's, where
    /// nothing was drafted).
    var decision: String
    /// Counted from 1.
    var round: UInt32
    var drafted: Nullable<Drafted>

    struct Drafted: Encodable {
        var token: Token
        /// `model` or `lookup`.
        var source: String
        /// q(x): in the row that it was drawn from.
        var probability: Double
        var gate: Gate
        /// Null where no expert was asked, under a sequential baseline.
        var evidence: Nullable<Verdict>
        /// Compared with `ratio`; null where the rule's word alone counted.
        var coin: Nullable<Double>
    }

    /// What the rule's gate reads of the drafter.
    struct Gate: Encodable {
        var maximum: Double
        var argmax: Token
        var probability: Double
        var entropy: Double
    }

    /// The expert's word: names as in `Evidence`.
    struct Verdict: Encodable {
        var probability: Double
        var gateProbability: Double
        var gateMaximum: Double
        var gateArgmax: Token
        var entropy: Double
        var isInTop: Bool
        var favouriteProbability: Double
        var variation: Double
        var blockMass: Double
        var keptMass: Double
        var ratio: Double
        var rejectMass: Double
        var residual: Token

        init(_ evidence: Evidence) {
            probability = evidence.probability
            gateProbability = evidence.gateProbability
            gateMaximum = evidence.gateMaximum
            gateArgmax = evidence.gateArgmax
            entropy = evidence.entropy
            isInTop = evidence.isInTop
            favouriteProbability = evidence.favouriteProbability
            variation = evidence.variation
            blockMass = evidence.blockMass
            keptMass = evidence.keptMass
            ratio = evidence.ratio
            rejectMass = evidence.rejectMass
            residual = evidence.residual
        }
    }

    /// One entry a token; `text` is the answer's.
    static func list(_ tokens: [ExplainedToken], text: [UInt8]) -> [Self] {
        var start = 0
        return tokens.enumerated().map { index, one in
            let end = min(text.count, start + Int(one.explanation.textBytes))
            defer { start = end }
            return Self(index: index, one, text: text[start..<end])
        }
    }

    private init(index: Int, _ one: ExplainedToken, text: ArraySlice<UInt8>) {
        self.index = index
        token = one.token
        self.text = String(decoding: text, as: UTF8.self)
        origin = one.origin.name
        round = one.explanation.round
        decision = one.origin != .expert ? one.origin.name : one.explanation.draft == nil ? "bonus" : "recovered"
        drafted = Nullable(
            one.explanation.draft.map { draft in
                Drafted(
                    token: draft.token,
                    source: draft.source == .model ? "model" : "lookup",
                    probability: draft.probability,
                    gate: Gate(
                        maximum: draft.gate.maximum,
                        argmax: draft.gate.argmax,
                        probability: draft.gate.probability,
                        entropy: draft.gate.entropy
                    ),
                    evidence: Nullable(draft.evidence.map(Verdict.init)),
                    coin: Nullable(draft.coin)
                )
            }
        )
    }
}

extension Origin {
    /// As it is spelled in JSON.
    var name: String {
        switch self {
        case .matched: "matched"
        case .kept: "kept"
        case .expert: "expert"
        }
    }
}
