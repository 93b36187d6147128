package import CascadeCore

/// pi: the law of the token that a rule emits at one position, and how a token drafted from q is turned into one of pi.
///
/// A drafted token x stands if it is in K; else it is accepted with probability ``ratio(of:)``, and replaced by a token
/// of the residual law norm((pi - q)+) if it is not. For every acceptance a(x) and every residual law rho that lives
/// where a = 1, this emits pi = q a + (1 - sum q a) rho (decisions.md 3), so each form below has a closed law:
/// speculative sampling from pi, which rejects with probability TV(pi, q).
package struct Law: Sendable {
    /// How tokens outside K are weighed. In all three, K is cut to what the expert can emit and by the guard first.
    package enum Form: Sendable {
        /// No K; the coin is a function of p and q. `lossless`: pi = p.
        case ratio
        /// Outside K the coin of `lossless`, p / q, and everywhere its residual, norm((p - q)+).
        case set
        /// The expert's law fills the mass eta = 1 - q(K) that the drafter loses: pi = q 1[K] + eta p (paper, 1.2).
        case eta
    }

    private let form: Form
    /// The expert's processed row.
    private let expert: Distribution
    /// The drafter's row.
    private let draft: Distribution
    /// Whether each entry of the drafter's row is in K.
    private let kept: [Bool]
    /// Processed p of each entry of the drafter's row.
    private let expertOnDraft: [Double]
    /// q(K).
    package let keptMass: Double
    /// 1 - q(K), summed by itself: exactly 1 where nothing is kept and exactly 0 where everything is.
    package let eta: Double
    /// TV(pi, q): the probability that a drafted token is not accepted.
    package private(set) var rejectMass: Double
    /// Sum of the residual weights.
    private var residualMass: Double

    init(form: Form, expert: Distribution, draft: Distribution, kept: [Bool], expertOnDraft: [Double]) {
        self.form = form
        self.expert = expert
        self.draft = draft
        self.kept = kept
        self.expertOnDraft = expertOnDraft
        var standing = 0.0
        var deferred = 0.0
        var rejected = 0.0
        for index in kept.indices {
            let weight = Double(draft.weights[index])
            if kept[index] {
                standing += weight
            } else {
                deferred += weight
                rejected += max(0, draft.probability(at: index) - expertOnDraft[index])
            }
        }
        keptMass = standing / draft.total
        eta = deferred / draft.total
        residualMass = 0
        rejectMass = 0
        var mass = 0.0
        scanResidual { _, weight in
            mass += weight
            return true
        }
        residualMass = mass
        rejectMass = min(1, form == .eta ? mass : rejected)
    }

    /// Whether `token` is in K and in the drafter's support.
    package func keeps(_ token: Token) -> Bool {
        draft.index(of: token).map { kept[$0] } ?? false
    }

    /// pi(x) / q(x) for a drafted token x: the coin's threshold, may exceed 1. Exactly 1 where x is kept; 0 outside the
    /// drafter's support.
    package func ratio(of token: Token) -> Double {
        guard let index = draft.index(of: token) else { return 0 }
        if kept[index] { return 1 }
        let p = expertOnDraft[index]
        let q = draft.probability(at: index)
        switch form {
        case .ratio: return p / q
        case .set: return p <= q ? p / q : 1 + rejectMass * ((p - q) / residualMass) / q
        case .eta: return eta * p / q
        }
    }

    /// pi(token).
    package func probability(of token: Token) -> Double {
        let p = expert.probability(of: token)
        let q = draft.probability(of: token)
        switch form {
        case .ratio:
            return p
        case .set:
            if p > q { return q + rejectMass * ((p - q) / residualMass) }
            return keeps(token) ? q : p
        case .eta:
            return (keeps(token) ? q : 0) + eta * p
        }
    }

    /// The token of the residual law at `u` in (0, 1), by inverse distribution function in the order of ids. A zero
    /// residual means pi = q: the token is drawn from that.
    package func residual(at u: Double) -> Token {
        guard residualMass > 0 else { return draft.tokens[draft.index(at: u)] }
        let goal = u * residualMass
        var sum = 0.0
        var drawn = expert.tokens[0]
        scanResidual { token, weight in
            if weight > 0 { drawn = token }
            sum += weight
            return sum <= goal
        }
        return drawn
    }

    /// Visits the expert's support with each token's weight in the residual law, (pi - q)+ up to a factor, until
    /// `visit` returns false. Outside that support pi does not exceed q.
    private func scanResidual(_ visit: (Token, Double) -> Bool) {
        let tokens = expert.tokens
        let weights = expert.weights
        let total = expert.total
        let drafted = draft.tokens
        var next = 0
        for index in tokens.indices {
            let token = tokens[index]
            while next < drafted.count, drafted[next] < token { next += 1 }
            var weight = Double(weights[index]) / total
            if form == .eta { weight *= eta }
            if next < drafted.count, drafted[next] == token, !(form == .eta && kept[next]) {
                weight = max(0, weight - draft.probability(at: next))
            }
            if !visit(token, weight) { return }
        }
    }
}
