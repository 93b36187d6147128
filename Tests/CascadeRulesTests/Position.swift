import CascadeCore
import CascadeTestSupport

@testable import CascadeRules

/// One position to judge: rows over a small vocabulary, gates, a spec.
struct Position {
    var p: Distribution
    var q: Distribution
    var gateP: [Double]
    /// What the gate reads of the drafter; its probability of a token is this times q's to the power of the
    /// temperature.
    var gate: DraftGate
    var gateScale = 1.0
    var spec: SequenceSpec
    var position = 10
    let count: Int

    /// Dense weights; zeros are outside the support.
    init(p: [Double], q: [Double], gateP: [Double]? = nil, gate: DraftGate? = nil, spec: SequenceSpec) {
        self.p = row(p)
        self.q = row(q)
        count = p.count
        self.gateP = gateP ?? dense(self.p, count: count)
        let own = dense(self.q, count: count)
        let largest = own.max() ?? 0
        self.gate =
            gate ?? DraftGate(maximum: largest, argmax: Token(own.firstIndex(of: largest) ?? 0), entropy: entropy(own))
        self.spec = spec
    }

    /// A random position: the expert's processed row is its gate row, sharpened and cut; both rows may lack tokens.
    static func random(_ dice: inout Dice, rule: RuleSettings, guarded: Bool) -> Position {
        let count = Int.random(in: 2...8, using: &dice)
        var gate = (0..<count).map { _ in dice.exponential() + 1e-3 }
        let total = gate.reduce(0, +)
        gate = gate.map { $0 / total }
        let cut = Bool.random(using: &dice) ? (gate.sorted()[count / 3]) : 0
        let sharpen = Bool.random(using: &dice)
        var p = gate.map { $0 < cut ? 0 : sharpen ? $0 * $0 : $0 }
        let noise = Double.random(in: 0...2, using: &dice)
        var q = gate.map { max(0, $0 + noise * (dice.exponential() - 0.7) * $0) }
        if q.allSatisfy({ $0 == 0 }) { q[Int.random(in: 0..<count, using: &dice)] = 1 }
        if Int.random(in: 0..<8, using: &dice) == 0 { p = q.map { $0 * 3 } }
        var ends: [Token] = []
        if guarded {
            ends = (0..<Token(count)).filter { _ in Int.random(in: 0..<3, using: &dice) == 0 }
            if ends.isEmpty { ends = [Token(count - 1)] }
        }
        let spec = SequenceSpec(
            id: 1,
            seed: 1,
            sampling: SamplingSettings(temperature: [0.5, 1, 2].randomElement(using: &dice) ?? 1),
            rule: rule,
            guardTokens: ends
        )
        let draft = DraftGate(
            maximum: Double.random(in: 0.2...1, using: &dice),
            argmax: Token.random(in: 0..<Token(count), using: &dice),
            entropy: Double.random(in: 0...Math.log(Double(count)), using: &dice)
        )
        var position = Position(p: p, q: q, gateP: gate, gate: draft, spec: spec)
        position.gateScale = Double.random(in: 0.1...1, using: &dice)
        return position
    }

    var reference: Reference {
        Reference(
            p: dense(p, count: count),
            q: dense(q, count: count),
            gateP: gateP,
            gateQ: dense(q, count: count).map(gateProbability),
            gate: gate,
            settings: spec.rule,
            guardTokens: spec.guardTokens,
            strict: spec.isStrict(position: position),
            greedy: spec.sampling.isGreedy
        )
    }

    var gateRow: GateRow {
        let largest = gateP.max() ?? 0
        let ranked = gateP.indices.sorted { gateP[$0] > gateP[$1] || (gateP[$0] == gateP[$1] && $0 < $1) }
        let top = ranked.prefix(spec.rule.topN)
        return GateRow(
            maximum: largest,
            argmax: Token(gateP.firstIndex(of: largest) ?? 0),
            entropy: entropy(gateP),
            probabilities: q.tokens.map { gateP[Int($0)] },
            isInTop: q.tokens.map { top.contains(Int($0)) },
            favouriteProbability: gateP[Int(gate.argmax)]
        )
    }

    /// The law as the expert has it when `token` is drafted; of the drafted token it uses the gate's probability alone.
    func law(_ token: Token? = nil) -> Law {
        Rules.law(p: p, gateP: gateRow, draft: drafted(token ?? q.tokens[0]), spec: spec, position: position)
    }

    var law: Law { law() }

    /// The drafter's gate probability of a token with probability `q`: processed rows are their own gate.
    private func gateProbability(_ q: Double) -> Double {
        if q == 0 { return 0 }
        let exponent = spec.rule.gate == .raw ? spec.sampling.temperature : 1
        return gateScale * Math.exp(exponent * Math.log(q))
    }

    func drafted(_ token: Token) -> DraftedPosition {
        var gate = gate
        gate.probability = gateProbability(q.probability(of: token))
        return DraftedPosition(token: token, row: q, gate: gate)
    }

    func evidence(_ token: Token, u: Double = 0.5) -> Evidence {
        Rules.evidence(
            position: position,
            base: 9,
            draft: drafted(token),
            p: p,
            gateP: gateRow,
            spec: spec,
            draws: FixedDraws(u: u)
        )
    }

    func verdict(_ token: Token, coin u: Double = 0.5, residual: Double = 0.5) -> Verdict {
        JudgedPosition(
            position: position,
            base: 9,
            draft: drafted(token),
            evidence: evidence(token, u: residual),
            spec: spec
        ).verdict(FixedDraws(u: u))
    }

    /// With which probability a drafted token stands, found by bisection of the coin.
    func acceptance(_ token: Token) -> Double {
        if verdict(token) == .kept { return 1 }
        let evidence = evidence(token)
        return bisect { u in
            JudgedPosition(
                position: position,
                base: 9,
                draft: drafted(token),
                evidence: evidence,
                spec: spec
            ).verdict(FixedDraws(u: u)) == .matched
        }
    }

    /// The law of the residual token, found by bisection of its number.
    var residual: [Double] {
        cumulated { token in bisect { law.residual(at: $0) <= token } }
    }

    /// The law of what comes out: drafted by the drafter, judged by expert and coordinator.
    var emitted: [Double] {
        let drafts = cumulated { token in
            bisect {
                Rules.draw(draft: q, position: position, base: 9, spec: spec, draws: FixedDraws(u: $0)) <= token
            }
        }
        var law = [Double](repeating: 0, count: count)
        var rejected = 0.0
        for token in q.tokens {
            let accepted = drafts[Int(token)] * acceptance(token)
            law[Int(token)] += accepted
            rejected += drafts[Int(token)] - accepted
        }
        return zip(law, residual).map { $0 + rejected * $1 }
    }

    private func cumulated(_ share: (Token) -> Double) -> [Double] {
        let sums = (0..<Token(count)).map(share)
        return sums.indices.map { $0 == 0 ? sums[0] : sums[$0] - sums[$0 - 1] }
    }

    /// The u in (0, 1) up to which `holds`, to the last bit.
    private func bisect(_ holds: (Double) -> Bool) -> Double {
        if !holds(.leastNonzeroMagnitude) { return 0 }
        if holds(1.0.nextDown) { return 1 }
        var (low, high) = (0.0, 1.0)
        while true {
            let middle = (low + high) / 2
            if middle <= low || middle >= high || high - low < 1e-17 { return middle }
            if holds(middle) { low = middle } else { high = middle }
        }
    }
}
