import CascadeCore
import CascadeTestSupport
import Foundation
import Testing

@testable import CascadeRules

/// The table of rules against the code that knows their formulas, the settings that carry their knobs, and the guide.
struct RuleTraitsTests {
    private static let inputs: [RuleTraits.Inputs] = [
        .maxQ, .q, .entropyQ, .maxP, .p, .entropyP, .top, .favourite, .variation,
    ]

    // MARK: Knobs

    @Test func numbersAreTheirOwn() {
        let numbers = RuleSettings.Rule.allCases.map(\.traits.number)
        #expect(Set(numbers).count == numbers.count && !numbers.contains(0))
    }

    @Test(arguments: RuleSettings.Rule.allCases)
    func valuesOfTheTableLieInItsRanges(rule: RuleSettings.Rule) {
        #expect((rule.traits.alpha == nil) == (rule.traits.kind == .lossless))
        guard let alpha = rule.traits.alpha else { return }
        #expect(RuleSettings(rule: rule).alpha == alpha.standard)
        #expect(alpha.ladder.count > 1 && alpha.ladder.contains(alpha.standard))
        for value in alpha.ladder {
            let settings = RuleSettings(rule: rule, alpha: value)
            #expect(settings.problem(sampling: SamplingSettings(temperature: 1)) == nil, "\(value)")
            #expect(settings.ownAlpha == value)
        }
        for (one, next) in zip(alpha.ladder, alpha.ladder.dropFirst()) {
            #expect((one > next) == [.typical, .ensemble].contains(rule))
        }
    }

    @Test func secondKnobsAreThoseOfTheSettings() {
        func problem(_ knob: SecondKnob, _ value: Double) -> String? {
            var settings = RuleSettings()
            if knob == .delta { settings.delta = value } else { settings.topN = Int(value) }
            return settings.problem(sampling: SamplingSettings(temperature: 1))
        }
        #expect(RuleSettings().delta == SecondKnob.delta.standard)
        #expect(RuleSettings().topN == Int(SecondKnob.topN.standard))
        for knob in [SecondKnob.delta, .topN] {
            let owners = RuleSettings.Rule.allCases.filter { $0.traits.second == knob }
            #expect(owners.map(\.rawValue) == [knob.rule])
            #expect(knob.range.contains(knob.standard))
            for end in [knob.range.lowerBound, knob.range.upperBound] { #expect(problem(knob, end) == nil) }
            for value in [knob.range.lowerBound.rounded(.down) - 1, 0, knob.range.upperBound + 1] {
                #expect(problem(knob, value)?.hasPrefix("\(knob.name) must be \(knob.words), not ") == true)
            }
        }
    }

    /// From the ladder's strict end to its loose one a rule keeps more, or its coin rejects less.
    @Test(arguments: RuleSettings.Rule.speculative.filter { $0.traits.alpha != nil })
    func laddersLoosen(rule: RuleSettings.Rule) throws {
        let ladder = try #require(rule.traits.alpha).ladder
        var dice = Dice(30)
        var total = 0.0
        for _ in 0..<100 {
            var position = Position.random(&dice, rule: RuleSettings(rule: rule), guarded: false)
            let freedom = ladder.map { alpha in
                position.spec.rule.alpha = alpha
                return rule.needsCoin ? 1 - position.law.rejectMass : position.law.keptMass
            }
            for (strict, loose) in zip(freedom, freedom.dropFirst()) { #expect(strict <= loose + 1e-12) }
            total += freedom[ladder.count - 1] - freedom[0]
        }
        #expect(total > 1)
    }

    // MARK: What is read

    /// What expert and coordinator make of each token of a draft.
    private struct Judgement: Equatable {
        var kept: Bool
        var ratio: Double
        var residual: Token
        var verdict: Verdict
    }

    /// The judgement with one number replaced by another that it might have been.
    private func judged(_ position: Position, replacing input: RuleTraits.Inputs = [], by value: Double = 0)
        -> [Judgement]
    {
        position.q.tokens.map { token in
            var (draft, gate) = (position.drafted(token), position.gateRow)
            switch input {
            case .maxQ: draft.gate.maximum = value
            case .q: draft.gate.probability = value
            case .entropyQ: draft.gate.entropy = 3 * value
            case .maxP: gate.maximum = value
            case .p: gate.probabilities = gate.probabilities.map { _ in value }
            case .entropyP: gate.entropy = 3 * value
            case .top: gate.isInTop = gate.isInTop.map { !$0 }
            case .favourite: gate.favouriteProbability = value
            default: break
            }
            let (p, spec) = (position.p, position.spec)
            let law = Rules.law(p: p, gateP: gate, draft: draft, spec: spec, position: position.position)
            let draws = FixedDraws(u: 0.5)
            var evidence = Rules.evidence(
                position: position.position,
                base: 9,
                draft: draft,
                p: p,
                gateP: gate,
                spec: spec,
                draws: draws
            )
            // The expert sums it over the rows; the coordinator reads what it is told.
            if input == .variation { evidence.variation = value }
            let verdict = JudgedPosition(
                position: position.position,
                base: 9,
                draft: draft,
                evidence: evidence,
                spec: spec
            ).verdict(draws)
            return Judgement(
                kept: law.keeps(token),
                ratio: evidence.ratio,
                residual: evidence.residual,
                verdict: verdict
            )
        }
    }

    /// A number that the table does not name may be any other without a change; one that it names decides somewhere.
    @Test(arguments: RuleSettings.Rule.speculative, inputs)
    func whatIsReadIsWhatTheTableNames(rule: RuleSettings.Rule, input: RuleTraits.Inputs) {
        var dice = Dice(31)
        var hasChanged = false
        for round in 0..<200 {
            var position = Position.random(&dice, rule: RuleSettings(rule: rule), guarded: round % 3 == 0)
            if round % 4 == 0 { position.spec.sampling.temperature = 0 }
            let changed = judged(position, replacing: input, by: Double.random(in: 0.01...1, using: &dice))
            if changed != judged(position) { hasChanged = true }
        }
        #expect(hasChanged == rule.traits.reads.contains(input))
    }

    /// Nodes that send what the table names bring about what nodes do that send everything.
    @Test(arguments: RuleSettings.Rule.speculative)
    func whatNodesSendIsEnough(rule: RuleSettings.Rule) {
        var dice = Dice(32)
        for _ in 0..<200 {
            let position = Position.random(&dice, rule: RuleSettings(rule: rule), guarded: false)
            for token in position.q.tokens {
                let verdicts = [false, true].map { explains in
                    var spec = position.spec
                    spec.rule.explains = explains
                    let gate = DraftGate(position.q, token: token, settings: spec.rule)
                    let draft = DraftedPosition(token: token, row: position.q, gate: gate)
                    let evidence = Rules.evidence(
                        position: 10,
                        base: 9,
                        draft: draft,
                        p: position.p,
                        gateP: GateRow(row(position.gateP), draft: draft, settings: spec.rule),
                        spec: spec,
                        draws: FixedDraws(u: 0.5)
                    )
                    return JudgedPosition(position: 10, base: 9, draft: draft, evidence: evidence, spec: spec)
                        .verdict(FixedDraws(u: 0.5))
                }
                #expect(verdicts[0] == verdicts[1])
            }
        }
    }

    // MARK: Kinds

    @Test(arguments: RuleSettings.Rule.speculative)
    func kindsAreWhatTheLawSays(rule: RuleSettings.Rule) {
        var dice = Dice(33)
        var (kept, distances) = (0, 0.0)
        for _ in 0..<200 {
            let position = Position.random(&dice, rule: RuleSettings(rule: rule), guarded: false)
            let (law, p) = (position.law, position.reference.p)
            distances += distance((0..<Token(position.count)).map(law.probability(of:)), p)
            for token in position.q.tokens {
                if law.keeps(token) { kept += 1 }
                let coin = p[Int(token)] / position.q.probability(of: token)
                switch rule.traits.kind {
                case .keeping where !law.keeps(token): #expect(abs(min(1, law.ratio(of: token)) - min(1, coin)) < 1e-9)
                case .filling where !law.keeps(token):
                    #expect(abs(law.ratio(of: token) - law.eta * coin) < 1e-9 * max(1, coin))
                default: break
                }
            }
        }
        #expect((kept > 0) == rule.readsGate)
        #expect((distances < 1e-9) == (rule.traits.kind == .lossless))
    }

    /// A draft that no model made is judged losslessly by the rules that read the drafter, and by no other.
    @Test(arguments: RuleSettings.Rule.speculative)
    func lookupsAreJudgedLosslessly(rule: RuleSettings.Rule) {
        var dice = Dice(34)
        var distances = 0.0
        for _ in 0..<200 {
            var position = Position.random(&dice, rule: RuleSettings(rule: rule), guarded: false)
            position.gate = .lookup
            let law = (0..<Token(position.count)).map(position.law.probability(of:))
            distances += distance(law, position.reference.p)
        }
        #expect((distances < 1e-9) == (rule.readsDrafter || rule.traits.kind == .lossless))
    }

    // MARK: The guide

    /// The guide's table has every rule once, with the table's knobs, defaults and ranges.
    @Test func theGuideSaysWhatTheTableSays() throws {
        let folder = Fixtures.folder.deletingLastPathComponent().deletingLastPathComponent()
        let guide = try String(contentsOf: folder.appending(path: "deploy/guide/rules.md"), encoding: .utf8)
        let rows = guide.split(separator: "\n").filter { $0.hasPrefix("| `") }.map { line in
            line.split(separator: "|").map { $0.trimmingPrefix(" ").trimmingCharacters(in: .whitespaces) }
        }
        #expect(
            rows.map { $0[0].prefix { $0 != " " } }.sorted()
                == RuleSettings.Rule.allCases.map { "`\($0.rawValue)`" }.sorted()
        )
        for cells in rows {
            let name = cells[0].split(separator: "`")[0]
            let rule = try #require(RuleSettings.Rule(rawValue: String(name)))
            let (keeps, rest, traits) = (cells[1], cells[4], rule.traits)
            #expect(cells[0].contains("(default)") == (rule == RuleSettings().rule))
            #expect(cells[2] == traits.alpha.map { Self.text($0.standard) } ?? "none")
            #expect(cells[3] == traits.alpha.map { Self.text($0.range) } ?? "")
            let second = traits.second.map { "`--\($0.name)` \(Self.text($0.standard)) (\($0.words))" }
            #expect(keeps.contains("`--") == (second != nil) && keeps.hasSuffix(second ?? ""), "\(name)")
            switch traits.kind {
            case .lossless, .coin: #expect(keeps == "never" && rest.hasPrefix("the acceptance test"), "\(name)")
            case .keeping: #expect(rest == "as `lossless`", "\(name)")
            case .filling: #expect(rest == "q on what is kept, p for the mass that is not", "\(name)")
            case .sequential: #expect(rest.hasSuffix("without speculation"), "\(name)")
            }
        }
        let coins = RuleSettings.Rule.allCases.filter(\.needsCoin).map { "`\($0.rawValue)`" }
        #expect(guide.contains("\(coins.joined(separator: " and ")) are refused at temperature 0"))
    }

    /// A number as the guide writes it.
    private static func text(_ value: Double) -> String {
        (value == value.rounded() ? "\(Int(value))" : "\(value)").replacing("-", with: "−")
    }

    /// A range as the guide writes it.
    private static func text(_ range: ClosedRange<Double>?) -> String {
        guard let range else { return "any number" }
        let least = text(range.lowerBound)
        return range.upperBound == .infinity ? "at least \(least)" : "\(least) to \(text(range.upperBound))"
    }
}
