import CascadeCore
import CascadeTestSupport
import Testing

@testable import CascadeRules

/// The coordinator's walk over a draft: what is committed, how it is counted, and what hostile peers can do to it.
struct WalkTests {
    private let spec = SequenceSpec(
        id: 1,
        seed: 1,
        sampling: SamplingSettings(temperature: 1),
        rule: RuleSettings(rule: .tokenLT, alpha: 0.5),
        guardTokens: [7]
    )

    /// Coins by position; everything else is in the middle.
    private struct Coins: DrawSource {
        var coins: [UInt32: Double]
        func uniform(_ key: DrawKey) -> Double { key.purpose == .coin ? coins[key.position] ?? 0.5 : 0.5 }
        func race(_ row: Distribution, _ key: DrawKey) -> Int { 0 }
    }

    private func drafted(_ token: Token) -> DraftedPosition {
        DraftedPosition(token: token, row: row([1, 1, 1, 1]), gate: DraftGate(maximum: 0.25))
    }

    /// Evidence of a token with processed probability `p`, that the rule keeps or not.
    private func evidence(_ p: Double, kept: Bool, residual: Token = 5) -> Evidence {
        Evidence(
            probability: p,
            gateProbability: kept ? 0.4 : 0.1,
            gateMaximum: 0.5,
            gateArgmax: 0,
            entropy: 1,
            keptMass: 0.5,
            ratio: kept ? 1 : p / 0.25,
            rejectMass: 0.2,
            residual: residual
        )
    }

    private func walk(_ evidence: [Evidence], bonus: Token? = 6, coins: [UInt32: Double] = [:]) -> RoundOutcome {
        let draft = (0..<Token(evidence.count)).map { drafted($0 % 4) }
        return Rules.walk(
            draft: draft,
            evidence: evidence,
            bonus: bonus,
            base: 20,
            spec: spec,
            draws: Coins(coins: coins)
        )
    }

    @Test func countsEachPositionOnce() {
        let outcome = walk(
            [
                evidence(0.2, kept: true), evidence(0.2, kept: false), evidence(0.1, kept: true),
                evidence(0.3, kept: false),
            ],
            coins: [20: 0.79, 21: 0.79, 22: 0.41, 23: 0.99]
        )
        #expect(outcome.tokens == [0, 1, 2, 3, 6])
        #expect(outcome.origins == [.kept, .matched, .kept, .matched, .expert])
        #expect(outcome.kept == 2 && outcome.matched == 2 && outcome.bonus == 1 && outcome.accepted == 4)
        #expect(outcome.recovered == 0 && outcome.discarded == 0)
        // The third was kept although its coin 0.41 is not below p / q = 0.4; the first would have passed.
        #expect(outcome.relaxed == 1)
    }

    @Test func stopsAtTheFirstNotAccepted() {
        let outcome = walk(
            [
                evidence(0.2, kept: true), evidence(0.2, kept: false), evidence(0.2, kept: true),
                evidence(0.2, kept: true),
            ],
            coins: [20: 0.1, 21: 0.81]
        )
        #expect(outcome.tokens == [0, 5] && outcome.origins == [.kept, .expert])
        #expect(outcome.kept == 1 && outcome.matched == 0 && outcome.recovered == 1 && outcome.bonus == 0)
        #expect(outcome.discarded == 2 && outcome.relaxed == 0)
    }

    /// At temperature 0 a kept token is relaxed exactly if it is not the expert's argmax, whatever the coin.
    @Test(arguments: [0x1p-33, 0.5, 1 - 0x1p-33])
    func relaxedAtTemperatureZero(coin: Double) {
        var spec = spec
        spec.sampling.temperature = 0
        for (probability, relaxed) in [(0.0, 1), (1.0, 0)] {
            let draft = DraftedPosition(token: 1, row: Distribution(oneHot: 1), gate: DraftGate(maximum: 0.9))
            let outcome = Rules.walk(
                draft: [draft],
                evidence: [evidence(probability, kept: true)],
                bonus: nil,
                base: 20,
                spec: spec,
                draws: FixedDraws(u: coin)
            )
            #expect(outcome.origins == [.kept] && outcome.relaxed == relaxed)
        }
    }

    @Test func emptyDraftIsTheExpertsToken() {
        let outcome = walk([])
        #expect(outcome.tokens == [6] && outcome.origins == [.expert] && outcome.bonus == 1)
        #expect(walk([], bonus: nil) == RoundOutcome())
    }

    @Test func bonusRuleEndsWithTheDraft() {
        let outcome = walk([evidence(0.3, kept: true)], bonus: nil)
        #expect(outcome.tokens == [0] && outcome.bonus == 0 && outcome.discarded == 0)
    }

    @Test func positionsWithoutEvidenceAreDiscarded() {
        let outcome = Rules.walk(
            draft: [drafted(0), drafted(1)],
            evidence: [evidence(0.3, kept: true)],
            bonus: 6,
            base: 20,
            spec: spec,
            draws: FixedDraws(u: 0.5)
        )
        #expect(outcome.tokens == [0] && outcome.discarded == 1 && outcome.bonus == 0)
    }

    @Test func hostileEvidenceIsRefusedInWords() {
        let draft = drafted(1)
        let sound = evidence(0.2, kept: true)
        #expect(Rules.problem(evidence: sound, draft: draft, vocabularyCount: 8) == nil)
        let odd: [Double] = [.nan, .infinity, -.infinity, -1, -1e-300, 1.1, 1e300]
        let fields: [WritableKeyPath<Evidence, Double>] = [
            \.probability, \.gateProbability, \.gateMaximum, \.keptMass, \.rejectMass, \.entropy, \.ratio,
            \.favouriteProbability, \.variation, \.blockMass,
        ]
        for field in fields {
            for value in odd {
                var evidence = sound
                evidence[keyPath: field] = value
                let fine =
                    (field == \.ratio && value >= 0 && value < .infinity)
                    || (field == \.entropy && (value == 1.1 || value == -1e-300))
                let words = Rules.problem(evidence: evidence, draft: draft, vocabularyCount: 8)
                #expect((words == nil) == fine, "\(field) = \(value): \(words ?? "no problem")")
                // Whoever does not ask still gets a verdict and no trap.
                let verdict = JudgedPosition(
                    position: 20,
                    base: 20,
                    draft: draft,
                    evidence: evidence,
                    spec: spec
                ).verdict(FixedDraws(u: 0.5))
                #expect([.kept, .matched, .recovered(5)].contains(verdict))
            }
        }
        for field in [\Evidence.gateArgmax, \Evidence.residual] {
            for token: Token in [8, .max] {
                var evidence = sound
                evidence[keyPath: field] = token
                #expect(Rules.problem(evidence: evidence, draft: draft, vocabularyCount: 8) != nil)
            }
        }
    }

    @Test func hostileDraftsAndAnswersAreRefusedInWords() {
        let sound = drafted(1)
        #expect(Rules.problem(draft: sound, vocabularyCount: 4) == nil)
        #expect(Rules.problem(draft: sound, vocabularyCount: 3)?.contains("token 3") == true)
        #expect(Rules.problem(draft: drafted(9), vocabularyCount: 16)?.contains("not in the row") == true)
        for value in [Double.nan, -0.5, 1.5, .infinity] {
            var draft = sound
            draft.gate.maximum = value
            #expect(Rules.problem(draft: draft, vocabularyCount: 4) != nil)
        }
        for gate in [
            DraftGate(maximum: 0.5, argmax: 4), DraftGate(maximum: 0.5, probability: 1.5),
            DraftGate(maximum: 0.5, entropy: .nan), DraftGate(maximum: 0.5, entropy: 2),
        ] {
            var draft = sound
            draft.gate = gate
            #expect(Rules.problem(draft: draft, vocabularyCount: 4) != nil, "\(gate)")
        }
        let said = evidence(0.2, kept: true)
        func problem(_ evidence: [Evidence], _ bonus: Token?) -> String? {
            Rules.problem(evidence: evidence, bonus: bonus, draft: [sound, sound], vocabularyCount: 8)
        }
        #expect(problem([said, said], 7) == nil && problem([said, said], nil) == nil)
        #expect(problem([said], 7)?.contains("1 positions") == true)
        #expect(problem([said, said], 8)?.contains("bonus") == true)
        var bad = said
        bad.ratio = .nan
        #expect(problem([said, bad], 7)?.contains("position 1") == true)
    }

    /// A token outside its own row, which `problem(draft:)` refuses, is never kept or accepted.
    @Test func tokensOutsideTheirRowAreNotAccepted() {
        var position = Position(p: [0.5, 0.3, 0.2], q: [1, 1, 0], spec: spec)
        position.gate.maximum = 0.5
        #expect(!position.law.keeps(2) && position.law.ratio(of: 2) == 0)
        guard case .recovered = position.verdict(2, coin: 0x1p-33) else {
            Issue.record("accepted")
            return
        }
    }

    @Test func gateRowReadsARow() {
        func gate(_ weights: [Double], draft: [Double], _ rule: RuleSettings = RuleSettings(rule: .chow)) -> GateRow {
            let drafted = DraftedPosition(token: 1, row: row(draft), gate: DraftGate(maximum: 0.5, argmax: 2))
            return GateRow(row(weights), draft: drafted, settings: rule)
        }
        let read = gate([1, 4, 4, 0, 7], draft: [0, 1, 0, 1, 1])
        #expect(read.argmax == 4 && read.maximum == 7.0 / 16)
        #expect(read.probabilities == [0.25, 0, 7.0 / 16])
        #expect(read.isInTop.isEmpty && read.favouriteProbability == 0)
        let entropy = [1.0, 4, 4, 7].reduce(0) { $0 - $1 / 16 * Math.log($1 / 16) }
        #expect(read.entropy == 0)
        let typical = gate([1, 4, 4, 0, 7], draft: [0, 1, 0, 1, 1], RuleSettings(rule: .typical))
        #expect(abs(typical.entropy - entropy) < 1e-12)
        #expect(gate([3, 3], draft: [1, 1]).argmax == 0)
        #expect(gate([1, 4, 4, 0, 7], draft: [1, 1, 1], RuleSettings(rule: .bild)).favouriteProbability == 0.25)
        // Of equally likely tokens the lower id is the likelier.
        let top = gate([1, 4, 4, 0, 7], draft: [1, 1, 1, 0, 1], RuleSettings(rule: .topkDelta, topN: 2))
        #expect(top.isInTop == [false, true, false, true])
    }
}
