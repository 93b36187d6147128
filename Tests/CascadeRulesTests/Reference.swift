import CascadeCore

/// The law of one position worked out afresh from the published formulas, over plain arrays indexed by token: what the
/// module under test is compared with.
struct Reference {
    var p: [Double]
    var q: [Double]
    /// The expert's gate row and the drafter's largest gate probability.
    var gateP: [Double]
    var gateQ: Double
    var settings: RuleSettings
    var guardTokens: [Token] = []
    var strict = false
    var greedy = false

    var rule: RuleSettings.Rule { strict ? .lossless : settings.rule }

    /// K.
    var kept: [Bool] {
        let largest = gateP.max() ?? 0
        let argmax = gateP.firstIndex(of: largest) ?? 0
        if guardTokens.contains(Token(argmax)) { return q.map { _ in false } }
        return q.indices.map { token in
            let possible = (greedy ? gateP : p)[token] > 0 && q[token] > 0
            guard possible, !guardTokens.contains(Token(token)) else { return false }
            switch rule {
            case .lossless: return false
            case .chow: return gateQ >= 1 - settings.alpha
            case .tokenV3, .tokenLT: return gateP[token] >= (1 - settings.alpha) * largest
            }
        }
    }

    /// a(x): with which probability a drafted x stands.
    var acceptance: [Double] {
        let kept = kept
        let eta = rule == .tokenV3 ? 1 - sum(q.indices.map { kept[$0] ? q[$0] : 0 }) : 1
        return q.indices.map { q[$0] == 0 ? 0 : kept[$0] ? 1 : min(1, eta * p[$0] / q[$0]) }
    }

    /// The law of the token that replaces one that does not stand.
    var residual: [Double] {
        let kept = kept
        var weights = zip(p, q).map { max(0, $0 - $1) }
        if rule == .tokenV3 {
            let eta = 1 - sum(q.indices.map { kept[$0] ? q[$0] : 0 })
            weights = p.indices.map { max(0, (kept[$0] ? q[$0] : 0) + eta * p[$0] - q[$0]) }
        }
        let total = sum(weights)
        return total > 1e-15 ? weights.map { $0 / total } : q
    }

    /// pi.
    var pi: [Double] {
        let kept = kept
        switch rule {
        case .lossless:
            return p
        case .chow, .tokenLT:
            let accepted = zip(q, acceptance).map { $0 * $1 }
            let rest = 1 - sum(accepted)
            return zip(accepted, residual).map { $0 + rest * $1 }
        case .tokenV3:
            let eta = 1 - sum(q.indices.map { kept[$0] ? q[$0] : 0 })
            return p.indices.map { (kept[$0] ? q[$0] : 0) + eta * p[$0] }
        }
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
