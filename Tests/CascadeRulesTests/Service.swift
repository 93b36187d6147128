import CascadeCore
import CascadeTestSupport

@testable import CascadeRules

/// A whole service in a few lines: a drafter, an expert and a coordinator over a toy pair, calling the real rules, and
/// a few ways to get it wrong.
struct Service {
    var pair: ToyPair
    var rule: RuleSettings
    /// Tokens drafted in a round.
    var draftLength: Int
    /// Most tokens of an answer.
    var limit: Int
    var sample: UInt32 = 0
    /// Draft and verify a position only once all before it are accepted: the same answer with fewer draws.
    var isLazy = true
    /// Draft nothing in a round if the one before discarded this token: a draft length that depends on drafts.
    var shyOf: Token?
    /// Stop drafting before a position whose largest q is below this: sound.
    var minimumConfidence = 0.0
    /// A planted bug: drop a drafted token with q(x) below this.
    var dropsBelow = 0.0
    /// A drafted token with q(x) below this is the draft's last: sound.
    var endsBelow = 0.0
    /// A planted bug: an end token needs the coin of `lossless`, but the law is that of a rule without a guard.
    var overridesCoin = false

    private static let prompt: [Token] = [0]

    var spec: SequenceSpec {
        SequenceSpec(
            id: 1,
            seed: 1,
            sample: sample,
            sampling: SamplingSettings(temperature: pair.isGreedy ? 0 : 1),
            rule: rule,
            guardTokens: [ToyPair.end],
            promptLength: Self.prompt.count
        )
    }

    /// The answer, at most `limit` tokens, ended by the end token where there is one.
    func answer(_ draws: some DrawSource) -> [Token] {
        var text = Self.prompt
        var isShy = false
        while text.count - Self.prompt.count < limit, text.last != ToyPair.end {
            let length = isShy ? 0 : roundLength(text.count - Self.prompt.count)
            let (outcome, draft) = round(text, length: length, draws)
            for token in outcome.tokens where text.last != ToyPair.end { text.append(token) }
            let discarded = draft.suffix(outcome.discarded).first
            isShy = discarded != nil && discarded == shyOf
        }
        return Array(text.dropFirst(Self.prompt.count))
    }

    /// Drafted tokens that the first round accepts.
    func firstAccepted(_ draws: some DrawSource) -> Int {
        round(Self.prompt, length: draftLength, draws).0.accepted
    }

    /// Tokens to draft behind an answer of `count` tokens, so that no round passes the limit.
    private func roundLength(_ count: Int) -> Int {
        min(draftLength, limit - count - (rule.bonus == .target ? 1 : 0))
    }

    private func round(_ text: [Token], length: Int, _ draws: some DrawSource) -> (RoundOutcome, draft: [Token]) {
        let base = text.count
        var (text, draft, evidence) = (text, [DraftedPosition](), [Evidence]())
        while draft.count < length, let last = text.last, draft.isEmpty || last != ToyPair.end {
            guard pair.draftMaximum(after: last) >= minimumConfidence else { break }
            let q = row(pair.draftRow(after: last))
            let token = Rules.draw(draft: q, position: base + draft.count, base: base, spec: spec, draws: draws)
            if q.probability(of: token) < dropsBelow { break }
            var gate = pair.draftGate(after: last)
            gate.probability = pair.drafter[Int(last) % 3][Int(token)] / 8
            draft.append(DraftedPosition(token: token, row: q, gate: gate))
            text.append(token)
            if isLazy {
                evidence = self.evidence(draft, text, base: base, draws)
                let outcome = Rules.walk(
                    draft: draft,
                    evidence: evidence,
                    bonus: nil,
                    base: base,
                    spec: spec,
                    draws: draws
                )
                if outcome.recovered == 1 { return (outcome, draft.map(\.token)) }
            }
            if q.probability(of: token) < endsBelow { break }
        }
        evidence = self.evidence(draft, text, base: base, draws)
        var bonus: Token?
        if draft.isEmpty || rule.bonus == .target {
            let p = row(pair.expertRow(after: text[text.count - 1]))
            bonus = Rules.bonus(position: base + draft.count, p: p, spec: spec, draws: draws)
        }
        let outcome = Rules.walk(
            draft: draft,
            evidence: evidence,
            bonus: bonus,
            base: base,
            spec: spec,
            draws: draws
        )
        return (outcome, draft.map(\.token))
    }

    /// The expert's word on a draft that `text` ends with.
    private func evidence(
        _ draft: [DraftedPosition],
        _ text: [Token],
        base: Int,
        _ draws: some DrawSource
    ) -> [Evidence] {
        var spec = spec
        if overridesCoin { spec.guardTokens = [] }
        var said = Rules.evidence(draft: draft, base: base, spec: spec, draws: draws) { index in
            let last = text[base + index - 1]
            return (
                row(pair.expertRow(after: last)),
                GateRow(row(pair.rawRow(after: last)), draft: draft[index], settings: rule)
            )
        }
        for index in said.indices where overridesCoin && draft[index].token == ToyPair.end {
            said[index].ratio = said[index].probability / draft[index].row.probability(of: ToyPair.end)
        }
        return said
    }

    /// The law of the answer from the rules' closed laws, position by position.
    var reference: [[Token]: Double] {
        var law: [[Token]: Double] = [:]
        startRound([], 1, &law)
        return law
    }

    private func startRound(_ answer: [Token], _ weight: Double, _ law: inout [[Token]: Double]) {
        if weight == 0 { return }
        if answer.count == limit || answer.last == ToyPair.end {
            law[answer, default: 0] += weight
        } else {
            extend(answer, left: roundLength(answer.count), weight, &law)
        }
    }

    /// Goes on in a round with `left` drafted tokens to judge.
    private func extend(_ answer: [Token], left: Int, _ weight: Double, _ law: inout [[Token]: Double]) {
        let isDone = answer.last == ToyPair.end || (left == 0 && rule.bonus == .rule)
        if weight == 0 || isDone { return startRound(answer, weight, &law) }
        let one = pair.reference(
            after: answer.last ?? Self.prompt[0],
            settings: rule,
            strict: answer.count < rule.strictPrefixTokens
        )
        if left == 0 {
            for token in one.p.indices { startRound(answer + [Token(token)], weight * one.p[token], &law) }
            return
        }
        let (acceptance, residual) = (one.acceptance, one.residual)
        var rejected = 0.0
        for token in one.q.indices {
            let drafted = weight * one.q[token]
            extend(answer + [Token(token)], left: left - 1, drafted * acceptance[token], &law)
            rejected += drafted * (1 - acceptance[token])
        }
        for token in residual.indices { startRound(answer + [Token(token)], rejected * residual[token], &law) }
    }

    /// The law of the answer if each token is drawn from the law that `row` gives behind the answer so far.
    func chained(_ row: (_ last: Token, _ strict: Bool) -> [Double]) -> [[Token]: Double] {
        var law: [[Token]: Double] = [:]
        var open: [[Token]: Double] = [[]: 1]
        for length in 0..<limit {
            var longer: [[Token]: Double] = [:]
            for (answer, weight) in open {
                let next = row(answer.last ?? Self.prompt[0], length < rule.strictPrefixTokens)
                for token in next.indices where next[token] > 0 {
                    longer[answer + [Token(token)]] = weight * next[token]
                }
            }
            for (answer, weight) in longer where answer.last == ToyPair.end { law[answer] = weight }
            open = longer.filter { $0.key.last != ToyPair.end }
        }
        return law.merging(open) { $0 + $1 }
    }

    /// The law of the expert alone, and that of pi at every position.
    var expertAlone: [[Token]: Double] { chained { last, _ in pair.expertRow(after: last) } }
    var ruleAlone: [[Token]: Double] {
        chained { last, strict in pair.reference(after: last, settings: rule, strict: strict).pi }
    }

    /// The exact law of the answer: every number that any part may draw, in turn.
    func enumerated() -> [[Token]: Double] {
        CellDraws.law(borders: borders) { answer($0) }
    }

    /// As ``enumerated()``, with keys that lack the round's base.
    func enumeratedWithoutBase() -> [[Token]: Double] {
        CellDraws.law(borders: borders) { answer(BaselessDraws(source: $0)) }
    }

    /// For each purpose, every threshold that one of the pair's rows implies.
    private var borders: CellDraws.Borders {
        var borders: CellDraws.Borders = [:]
        for last: Token in [0, 1, 2] {
            // Where no position is strict, nothing is compared with what `lossless` implies.
            for strict in rule.strictPrefixTokens > 0 ? [false, true] : [false] {
                for guarded in overridesCoin ? [true, false] : [true] {
                    var one = pair.reference(after: last, settings: rule, strict: strict)
                    if !guarded { one.guardTokens = [] }
                    borders[.draft, default: []] += cumulated(one.q)
                    borders[.coin, default: []] += one.acceptance
                    borders[.residual, default: []] += cumulated(one.residual)
                    borders[.token, default: []] += cumulated(one.p)
                }
            }
        }
        if rule.verifyMethod == .block { addBlockBorders(&borders) }
        return borders.mapValues { values in
            // Sums that differ by rounding are one border.
            values.sorted().reduce(into: [0]) { if $1 > $0[$0.count - 1] + 1e-9, $1 < 1 - 1e-9 { $0.append($1) } } + [1]
        }
    }

    /// The thresholds of block verification, over every draft from every start.
    private func addBlockBorders(_ borders: inout CellDraws.Borders) {
        func extend(_ last: Token, _ passed: Double, left: Int, strict: Bool) {
            let one = pair.reference(after: last, settings: rule, strict: strict)
            let excess = one.excess(passed)
            let mass = excess.reduce(0, +)
            let law = mass > 0 ? excess.map { $0 / mass } : one.pi
            borders[.residual, default: []] += law.indices.map { law[...$0].reduce(0, +) }
            borders[.coin, default: []] += [passed, mass / (mass + 1 - passed + 1e-300)]
            for token in one.q.indices where left > 0 && one.q[token] > 0 && Token(token) != ToyPair.end {
                let next = min(1, passed * one.pi[token] / one.q[token])
                extend(Token(token), next, left: left - 1, strict: strict)
            }
            for token in one.q.indices where one.q[token] > 0 {
                borders[.coin, default: []].append(min(1, passed * one.pi[token] / one.q[token]))
            }
        }
        for last: Token in [0, 1, 2] { extend(last, 1, left: draftLength, strict: false) }
    }
}
