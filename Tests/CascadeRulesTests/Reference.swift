import CascadeCore

/// The law of one position worked out afresh from the published formulas, over plain arrays indexed by token: what the
/// module under test is compared with.
struct Reference {
    var p: [Double]
    var q: [Double]
    /// The expert's gate row.
    var gateP: [Double]
    /// The drafter's gate row as far as it shows in its support, its largest probability, its argmax and its entropy.
    var gateQ: [Double]
    var gate: DraftGate
    var settings: RuleSettings
    var guardTokens: [Token] = []
    var strict = false
    var greedy = false

    var rule: RuleSettings.Rule { strict || isGuarded || isUnread ? .lossless : settings.rule }

    /// A draft that no model made, under a rule that reads more than p.
    private var isUnread: Bool {
        gate.maximum == 0
            && ![.tokenV2, .tokenV3, .tokenLT, .typical, .topkDelta].contains(settings.rule)
    }

    private var isGuarded: Bool {
        guardTokens.contains(Token(gateP.firstIndex(of: gateP.max() ?? 0) ?? 0))
    }

    /// K.
    var kept: [Bool] {
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
    var acceptance: [Double] {
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
    var residual: [Double] {
        let (kept, eta) = (kept, eta)
        var weights = zip(p, q).map { max(0, $0 - $1) }
        if isEta { weights = p.indices.map { max(0, (kept[$0] ? q[$0] : 0) + eta * p[$0] - q[$0]) } }
        let total = sum(weights)
        return total > 1e-15 ? weights.map { $0 / total } : q
    }

    /// pi.
    var pi: [Double] {
        let (kept, eta) = (kept, eta)
        if rule == .lossless { return p }
        if isEta { return p.indices.map { (kept[$0] ? q[$0] : 0) + eta * p[$0] } }
        let accepted = zip(q, acceptance).map { $0 * $1 }
        let rest = 1 - sum(accepted)
        return zip(accepted, residual).map { $0 + rest * $1 }
    }

    /// (passed pi - q)+, unnormalised: block verification's residual.
    func excess(_ passed: Double) -> [Double] {
        zip(pi, q).map { max(0, passed * $0 - $1) }
    }

    private func sum(_ values: [Double]) -> Double { values.reduce(0, +) }
}

/// Total variation distance of two laws.
func distance(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + abs($1.0 - $1.1) } / 2
}

/// Total variation distance of two laws of texts.
func distance(_ a: [[Token]: Double], _ b: [[Token]: Double]) -> Double {
    Set(a.keys).union(b.keys).reduce(0) { $0 + abs((a[$1] ?? 0) - (b[$1] ?? 0)) } / 2
}
