import CascadeCore
import CascadeTestSupport

/// The law of an answer worked out afresh, round by round, from the published laws of a position and of a block: what
/// the enumeration is compared with.
struct AnswerLaw {
    let setting: ToySetting
    /// How many tokens the round behind each history asks for.
    let lengths: [[ToyRound]: Int]
    /// Probability of histories that have no length: none.
    private(set) var lost = 0.0
    private(set) var law: [[Token]: Double] = [:]

    init(_ setting: ToySetting, lengths: [[ToyRound]: Int]) {
        self.setting = setting
        self.lengths = lengths
        start([], [], 1)
    }

    private var hasBonus: Bool { setting.rule.bonus == .target }

    private mutating func start(_ history: [ToyRound], _ answer: [Token], _ weight: Double) {
        if answer.count == setting.limit || answer.last == ToyPair.end {
            law[answer, default: 0] += weight
            return
        }
        guard let asked = lengths[history] else {
            lost += weight
            return
        }
        var ways: [ToyRound: Double] = [:]
        if setting.rule.verifyMethod == .block {
            addBlocks(to: &ways, answer, asked)
        } else {
            addWalks(to: &ways, answer, ToyRound(asked: asked), left: asked, 1)
        }
        for (round, share) in ways where share > 0 {
            start(history + [round], answer + round.committed, weight * share)
        }
    }

    private func stops(behind text: [Token]) -> Bool {
        let largest = setting.reference(behind: text).gate.maximum
        return largest < setting.minimumConfidence || largest == 0
    }

    private func position(_ answer: [Token]) -> Reference { setting.reference(behind: answer) }

    // MARK: Position by position

    /// Adds what a round may commit behind `round`, which has `left` more tokens drafted.
    private func addWalks(
        to ways: inout [ToyRound: Double],
        _ answer: [Token],
        _ round: ToyRound,
        left: Int,
        _ weight: Double
    ) {
        if weight == 0 { return }
        let text = answer + round.committed
        let left = stops(behind: text) ? 0 : left
        let isOver = text.last == ToyPair.end || (left == 0 && !hasBonus)
        if isOver, !round.committed.isEmpty {
            ways[round, default: 0] += weight
            return
        }
        let one = position(text)
        if left == 0 { return add(one.p, to: &ways, round, weight) }
        let (stands, replaces) = step(one)
        for token in stands.indices {
            var longer = round
            longer.committed.append(Token(token))
            longer.accepted += 1
            addWalks(to: &ways, answer, longer, left: left - 1, weight * stands[token])
        }
        add(replaces, to: &ways, round, weight)
    }

    /// Adds rounds that end with a token of the expert's.
    private func add(_ law: [Double], to ways: inout [ToyRound: Double], _ round: ToyRound, _ weight: Double) {
        for token in law.indices {
            var ended = round
            ended.committed.append(Token(token))
            ways[ended, default: 0] += weight * law[token]
        }
    }

    /// With which probability each token is drafted and stands, and with which each takes another's place.
    private func step(_ one: Reference) -> (stands: [Double], replaces: [Double]) {
        if setting.rule.verifyMethod == .coupled { return coupledStep(one) }
        let stands = zip(one.q, one.acceptance).map { $0 * $1 }
        let rest = 1 - stands.reduce(0, +)
        return (stands, one.residual.map { rest * $0 })
    }

    /// Drafter and expert draw x and y by one race; x stands if the rule keeps it or y is the same (decisions.md 6).
    private func coupledStep(_ one: Reference) -> (stands: [Double], replaces: [Double]) {
        // Rules that are more than a set have the expert race with the rule's own law, rounded as rows are.
        let isRatio = [.lossy, .ensemble].contains(setting.rule.rule)
        let target = isRatio ? dense(row(one.pi), count: ToyPair.count) : one.p
        let kept = one.kept
        var stands = [Double](repeating: 0, count: ToyPair.count)
        var replaces = stands
        for x in stands.indices {
            for y in stands.indices {
                let both = CoupledDraw(p: target, q: one.q).probability(x: x, y: y)
                if kept[x] || x == y { stands[x] += both } else { replaces[y] += both }
            }
        }
        return (stands, replaces)
    }

    // MARK: Blocks

    /// Adds what block verification (Sun et al., 2024) may commit of every possible draft.
    private func addBlocks(to ways: inout [ToyRound: Double], _ answer: [Token], _ asked: Int) {
        func draft(_ tokens: [Token], _ weight: Double) {
            if weight == 0 { return }
            let isOver = tokens.last == ToyPair.end && !setting.draftsBehindEnds
            if isOver || tokens.count == asked || stops(behind: answer + tokens) {
                return addBlock(to: &ways, answer, ToyRound(asked: asked, committed: tokens), weight)
            }
            let q = position(answer + tokens).q
            for token in q.indices { draft(tokens + [Token(token)], weight * q[token]) }
        }
        draft([], 1)
    }

    /// Adds what becomes of one draft: as much of it as the last coin that falls says.
    private func addBlock(to ways: inout [ToyRound: Double], _ answer: [Token], _ draft: ToyRound, _ weight: Double) {
        let tokens = draft.committed
        let places = (0...tokens.count).map { position(answer + tokens[..<$0]) }
        var passed = [1.0]
        for (one, token) in zip(places, tokens) {
            passed.append(min(1, passed[passed.count - 1] * one.pi[Int(token)] / one.q[Int(token)]))
        }
        var left = weight
        for length in tokens.indices.reversed().map({ $0 + 1 }) + [0] {
            let isWhole = length == tokens.count
            let threshold = length == 0 ? 1 : isWhole ? passed[length] : places[length].blockThreshold(passed[length])
            let end = tokens[..<length].firstIndex(of: ToyPair.end)
            let committed = tokens[..<(end.map { $0 + 1 } ?? length)]
            let round = ToyRound(asked: draft.asked, committed: Array(committed), accepted: committed.count)
            if end != nil {
                ways[round, default: 0] += left * threshold
            } else if !isWhole {
                add(places[length].blockResidual(passed[length]), to: &ways, round, left * threshold)
            } else if tokens.isEmpty || hasBonus {
                add(places[length].p, to: &ways, round, left * threshold)
            } else {
                ways[round, default: 0] += left * threshold
            }
            left *= 1 - threshold
        }
    }

    // MARK: Without rounds

    /// The law if each token is drawn from what `row` says of its position.
    static func chained(_ setting: ToySetting, _ row: (Reference) -> [Double]) -> [[Token]: Double] {
        var law: [[Token]: Double] = [:]
        var open: [[Token]: Double] = [[]: 1]
        while let (answer, weight) = open.popFirst() {
            if answer.count == setting.limit || answer.last == ToyPair.end {
                law[answer] = weight
                continue
            }
            for (token, share) in row(setting.reference(behind: answer)).enumerated() where share > 0 {
                open[answer + [Token(token)]] = weight * share
            }
        }
        return law
    }
}
