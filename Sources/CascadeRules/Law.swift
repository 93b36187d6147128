package import CascadeCore

/// pi: the law of the token that a rule emits at one position, and how a token drafted from q is turned into one of pi.
///
/// A drafted token x stands if it is in K; else it is accepted with probability ``ratio(of:)``, and replaced by a token
/// of the residual law norm((pi - q)+) if it is not. For every acceptance a(x) and every residual law rho that lives
/// where a = 1, this emits pi = q a + (1 - sum q a) rho (decisions.md 3), so each form below has a closed law:
/// speculative sampling from pi, which rejects with probability TV(pi, q).
package struct Law: Sendable {
    /// How tokens outside K are weighed. In both, K is cut to what the expert can emit and by the guard first.
    package enum Form: Sendable {
        /// Outside K a coin that accepts wherever p > q, and everywhere the residual of `lossless`, norm((p - q)+).
        case coin
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
    /// q a: the mass of each entry of the drafter's row that is accepted.
    private let accepted: [Double]
    /// TV(p, q).
    package let variation: Double
    /// q(K).
    package let keptMass: Double
    /// 1 - q(K), summed by itself: exactly 1 where nothing is kept and exactly 0 where everything is.
    package let eta: Double
    /// TV(pi, q): the probability that a drafted token is not accepted.
    package private(set) var rejectMass: Double
    /// Sum of the residual weights.
    private var residualMass: Double

    /// - Parameter coin: In the form `coin`, the mass q a of an entry outside K by its p and q; q wherever p > q.
    init(
        form: Form,
        expert: Distribution,
        draft: Distribution,
        kept: [Bool],
        expertOnDraft: [Double],
        variation: Double,
        coin: (_ index: Int, _ p: Double, _ q: Double) -> Double
    ) {
        self.form = form
        self.expert = expert
        self.draft = draft
        self.kept = kept
        self.expertOnDraft = expertOnDraft
        self.variation = variation
        var standing = 0.0
        var deferred = 0.0
        for index in kept.indices {
            let weight = Double(draft.weights[index])
            if kept[index] { standing += weight } else { deferred += weight }
        }
        keptMass = standing / draft.total
        let eta = deferred / draft.total
        self.eta = eta
        accepted = kept.indices.map { index in
            let q = draft.probability(at: index)
            if kept[index] { return q }
            let p = expertOnDraft[index]
            return form == .eta ? min(q, eta * p) : min(q, coin(index, p, q))
        }
        residualMass = 0
        rejectMass = 0
        var mass = 0.0
        scanResidual { _, weight in
            mass += weight
            return true
        }
        residualMass = mass
        var rejected = 0.0
        for index in kept.indices { rejected += draft.probability(at: index) - accepted[index] }
        rejectMass = min(1, form == .eta ? mass : rejected)
    }

    /// Whether `token` is in K and in the drafter's support.
    package func keeps(_ token: Token) -> Bool {
        draft.index(of: token).map { kept[$0] } ?? false
    }

    /// The coin's threshold for a drafted token x, pi(x) / q(x), which may exceed 1: exactly 1 where x is kept; 0
    /// outside the drafter's support.
    package func ratio(of token: Token) -> Double {
        keeps(token) ? 1 : chainRatio(of: token)
    }

    /// pi(x) / q(x) for kept tokens too, where it may exceed 1: what block verification multiplies up.
    package func chainRatio(of token: Token) -> Double {
        guard let index = draft.index(of: token) else { return 0 }
        return probability(expertOnDraft[index], at: index) / draft.probability(at: index)
    }

    /// pi(token).
    package func probability(of token: Token) -> Double {
        let index = draft.index(of: token)
        return probability(expert.probability(of: token), at: index)
    }

    /// pi of a token with expert's probability `p`, the drafter's entry at `index` if it has one.
    private func probability(_ p: Double, at index: Int?) -> Double {
        let q = index.map(draft.probability(at:)) ?? 0
        if form == .eta { return (index.map { kept[$0] } ?? false ? q : 0) + eta * p }
        return (index.map { accepted[$0] } ?? 0) + (p > q ? rejectMass * ((p - q) / residualMass) : 0)
    }

    /// pi as a row, for a race under `coupled`. Its support is the expert's.
    package var row: Distribution {
        var tokens: [Token] = []
        var weights: [Float] = []
        tokens.reserveCapacity(expert.tokens.count)
        weights.reserveCapacity(expert.tokens.count)
        scan { token, p, index in
            let weight = Float(probability(p, at: index))
            if weight > 0 {
                tokens.append(token)
                weights.append(weight)
            }
            return true
        }
        return Distribution(tokens: tokens, weights: weights) ?? expert
    }

    // MARK: What replaces a token that is not accepted

    /// The token of the residual law at `u` in (0, 1), by inverse distribution function in the order of ids. A zero
    /// residual means pi = q: the token is drawn from that.
    package func residual(at u: Double) -> Token {
        guard residualMass > 0 else { return draft.tokens[draft.index(at: u)] }
        return draw(at: u, of: residualMass, scanResidual)
    }

    /// Sum of (passed pi - q)+: under `block`, with what probability mass the draft's accepted part cannot be extended;
    /// `passed` is P of the positions before this one, at most 1.
    package func excessMass(passed: Double) -> Double {
        var mass = 0.0
        scanExcess(passed) { _, weight in
            mass += weight
            return true
        }
        return mass
    }

    /// The token of norm((passed pi - q)+) at `u`, where `mass` is ``excessMass(passed:)``; of pi where that is zero.
    package func excess(passed: Double, mass: Double, at u: Double) -> Token {
        if mass > 0 { return draw(at: u, of: mass) { visit in scanExcess(passed, visit) } }
        return draw(at: u, of: 1) { visit in scan { visit($0, probability($1, at: $2)) } }
    }

    private func draw(at u: Double, of mass: Double, _ scan: ((Token, Double) -> Bool) -> Void) -> Token {
        let goal = u * mass
        var sum = 0.0
        var drawn = expert.tokens[0]
        scan { token, weight in
            if weight > 0 { drawn = token }
            sum += weight
            return sum <= goal
        }
        return drawn
    }

    /// Visits the expert's support with each token's weight in the residual law, (pi - q)+ up to a factor, until
    /// `visit` returns false. Outside that support pi does not exceed q.
    private func scanResidual(_ visit: (Token, Double) -> Bool) {
        scan { token, p, index in
            let weight = form == .eta ? eta * p : p
            // In the form eta, pi - q of a kept token is eta p.
            let isAbove = form == .eta && (index.map { kept[$0] } ?? true)
            return visit(token, isAbove ? weight : max(0, weight - (index.map(draft.probability(at:)) ?? 0)))
        }
    }

    private func scanExcess(_ passed: Double, _ visit: (Token, Double) -> Bool) {
        scan { token, p, index in
            visit(token, max(0, passed * probability(p, at: index) - (index.map(draft.probability(at:)) ?? 0)))
        }
    }

    /// Visits the expert's support in the order of ids with p and the drafter's entry, until `visit` returns false.
    private func scan(_ visit: (_ token: Token, _ p: Double, _ draftIndex: Int?) -> Bool) {
        let tokens = expert.tokens
        let weights = expert.weights
        let total = expert.total
        let drafted = draft.tokens
        var next = 0
        for index in tokens.indices {
            let token = tokens[index]
            while next < drafted.count, drafted[next] < token { next += 1 }
            let isDrafted = next < drafted.count && drafted[next] == token
            if !visit(token, Double(weights[index]) / total, isDrafted ? next : nil) { return }
        }
    }
}
