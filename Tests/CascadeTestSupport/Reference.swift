package import CascadeCore

/// The law of one position worked out afresh from the published formulas, over plain arrays indexed by token: what the
/// module under test is compared with.
package struct Reference {
    /// The expert's processed row.
    package var p: [Double]
    /// The drafter's row.
    package var q: [Double]
    /// The expert's gate row.
    package var gateP: [Double]
    /// The drafter's gate row as far as it shows in its support, its largest probability, its argmax and its entropy.
    package var gateQ: [Double]
    /// What the gate reads of the drafter.
    package var gate: DraftGate
    /// The rule.
    package var settings: RuleSettings
    /// E.
    package var guardTokens: [Token]
    /// Whether the position lies in the strict prefix.
    package var strict: Bool
    /// Whether rows are one-hot by construction.
    package var greedy: Bool

    /// Creates the law of a position.
    package init(
        p: [Double],
        q: [Double],
        gateP: [Double],
        gateQ: [Double],
        gate: DraftGate,
        settings: RuleSettings,
        guardTokens: [Token] = [],
        strict: Bool = false,
        greedy: Bool = false
    ) {
        self.p = p
        self.q = q
        self.gateP = gateP
        self.gateQ = gateQ
        self.gate = gate
        self.settings = settings
        self.guardTokens = guardTokens
        self.strict = strict
        self.greedy = greedy
    }

    /// The rule in force.
    package var rule: RuleSettings.Rule { strict || isGuarded || isUnread ? .lossless : settings.rule }

    /// A draft that no model made, under a rule that reads more than p.
    private var isUnread: Bool {
        gate.maximum == 0
            && ![.tokenV2, .tokenV3, .tokenLT, .typical, .topkDelta].contains(settings.rule)
    }

    private var isGuarded: Bool {
        guardTokens.contains(Token(gateP.firstIndex(of: gateP.max() ?? 0) ?? 0))
    }

    /// K.
    package var kept: [Bool] {
        q.indices.map { token in
            let possible = (greedy ? gateP : p)[token] > 0 && q[token] > 0
            return possible && !guardTokens.contains(Token(token)) && stands(token)
        }
    }

    private func stands(_ x: Int) -> Bool {
        let (alpha, largest) = (settings.alpha, gateP.max() ?? 0)
        let variation = sum(zip(p, q).map { max(0, $0 - $1) })
        let entropy = -sum(gateP.map { $0 > 0 ? $0 * Math.log($0) : 0 })
        switch rule {
        case .lossless, .lossy, .ensemble, .tokenCascade, .sequentialChow: return false
        case .chow: return !(gate.maximum < 1 - alpha)
        case .diff: return !(gate.maximum < largest - alpha)
        case .opt: return !(gate.maximum < largest - alpha * variation)
        case .chowLog: return !(gate.entropy > alpha)
        case .diffLog: return !(gate.entropy > entropy + alpha)
        case .optLog: return !(gate.entropy > entropy + alpha * variation)
        case .bild: return gateP[Int(gate.argmax)] > 0 && -Math.log(gateP[Int(gate.argmax)]) <= alpha
        case .tokenV1: return !(gateQ[x] < largest - alpha)
        case .tokenV2: return !(gateP[x] < largest - alpha)
        case .tokenV3, .tokenLT: return !(gateP[x] < (1 - alpha) * largest)
        case .typical: return gateP[x] > alpha || gateP[x] > settings.delta * Math.exp(-entropy)
        case .topkDelta:
            let better = gateP.indices.filter { gateP[$0] > gateP[x] || (gateP[$0] == gateP[x] && $0 < x) }
            return better.count < settings.topN && gateP[x] >= largest - alpha
        }
    }

    private var isEta: Bool { [.tokenV1, .tokenV2, .tokenV3].contains(rule) }
    private var eta: Double {
        let kept = kept
        return isEta ? 1 - sum(q.indices.map { kept[$0] ? q[$0] : 0 }) : 1
    }

    /// a(x): with which probability a drafted x stands.
    package var acceptance: [Double] {
        let (kept, eta) = (kept, eta)
        return q.indices.map { x in
            if q[x] == 0 { return 0 }
            if kept[x] { return 1 }
            if p[x] > 0, !guardTokens.contains(Token(x)) {
                if rule == .lossy { return min(1, p[x] / ((1 - settings.alpha) * q[x])) }
                if rule == .ensemble { return min(1, settings.alpha * p[x] / q[x] + (1 - settings.alpha)) }
            }
            return min(1, eta * p[x] / q[x])
        }
    }

    /// The law of the token that replaces one that does not stand.
    package var residual: [Double] {
        let (kept, eta) = (kept, eta)
        var weights = zip(p, q).map { max(0, $0 - $1) }
        if isEta { weights = p.indices.map { max(0, (kept[$0] ? q[$0] : 0) + eta * p[$0] - q[$0]) } }
        let total = sum(weights)
        return total > 1e-15 ? weights.map { $0 / total } : q
    }

    /// pi.
    package var pi: [Double] {
        let (kept, eta) = (kept, eta)
        if rule == .lossless { return p }
        if isEta { return p.indices.map { (kept[$0] ? q[$0] : 0) + eta * p[$0] } }
        let accepted = zip(q, acceptance).map { $0 * $1 }
        let rest = 1 - sum(accepted)
        return zip(accepted, residual).map { $0 + rest * $1 }
    }

    /// (passed pi - q)+, unnormalised: block verification's residual.
    package func excess(_ passed: Double) -> [Double] {
        zip(pi, q).map { max(0, passed * $0 - $1) }
    }

    /// The law of what replaces the first token that a block does not accept, where `passed` is P before it.
    package func blockResidual(_ passed: Double) -> [Double] {
        let excess = excess(passed)
        let mass = sum(excess)
        return mass > 1e-13 ? excess.map { $0 / mass } : pi
    }

    /// How probable it is that a block ends no earlier than before this position, if `passed` is P before it, and the
    /// draft goes on here.
    package func blockThreshold(_ passed: Double) -> Double {
        let mass = sum(excess(passed))
        return mass > 1e-13 ? mass / (mass + 1 - passed) : 0
    }

    private func sum(_ values: [Double]) -> Double { values.reduce(0, +) }
}
