import CascadeCore
import CascadeTestSupport
import Numerics
import Testing

@testable import CascadeRules

/// One position: the law that comes out of drafting, coin and residual is the closed law of the rule.
struct LawTests {
    static let settings: [RuleSettings] =
        [RuleSettings(rule: .lossless)]
        + RuleSettings.Rule.speculative.filter { $0 != .lossless }.flatMap { rule in
            // Below 0 the coin of these two would reject where p > q.
            let least = [.lossy, .ensemble].contains(rule) ? 0.0 : -1
            return [-1, -1e-9, 0, 0.1, 0.3, 0.5, 0.9, 0.99, 1].filter { $0 >= least }
                .map { RuleSettings(rule: rule, alpha: $0, topN: 2) }
        } + [0, 0.1, 0.3].map { RuleSettings(rule: .tokenV1, alpha: $0, gate: .processed) }

    /// Where each rule with such ends is lossless, and where it leaves the drafter alone.
    static let ends: [(rule: RuleSettings.Rule, strict: Double, loose: Double)] = [
        (.lossy, 0, 1), (.chow, -1e-9, 1), (.diff, -1.01, 1), (.opt, -1e9, 1e9), (.tokenV1, -1.01, 1),
        (.tokenV2, -1e-9, 1), (.tokenV3, -1e-9, 1), (.tokenLT, -1e-9, 1), (.chowLog, -1e-9, 99), (.diffLog, -99, 99),
        (.optLog, -1e9, 1e9), (.bild, -1e-9, 1e6), (.topkDelta, -1e-9, 1), (.ensemble, 1, 0),
    ]

    @Test(arguments: settings, [false, true])
    func whatComesOutIsPi(settings: RuleSettings, guarded: Bool) {
        var dice = Dice(1)
        for round in 0..<40 {
            let position = Position.random(&dice, rule: settings, guarded: guarded)
            let (law, reference) = (position.law, position.reference)
            let pi = reference.pi
            let stated = (0..<Token(position.count)).map(law.probability(of:))
            #expect(pi.reduce(0, +).isApproximatelyEqual(to: 1, absoluteTolerance: 1e-12))
            #expect(stated.allSatisfy { $0 >= 0 } && distance(stated, pi) < 1e-12, "round \(round)")
            #expect(distance(position.emitted, pi) < 1e-12, "round \(round)")
            #expect(distance(position.residual, reference.residual) < 1e-12, "round \(round)")
        }
    }

    @Test(arguments: settings, [false, true])
    func evidenceSaysWhatTheLawSays(settings: RuleSettings, guarded: Bool) {
        var dice = Dice(2)
        for _ in 0..<200 {
            let position = Position.random(&dice, rule: settings, guarded: guarded)
            let (law, reference) = (position.law(), position.reference)
            let (q, kept, pi) = (reference.q, reference.kept, reference.pi)
            let variation = distance(pi, q)
            let keptMass = q.indices.reduce(0) { $0 + (kept[$1] ? q[$1] : 0) }
            #expect(law.rejectMass.isApproximatelyEqual(to: variation, absoluteTolerance: 1e-12))
            #expect(law.keptMass.isApproximatelyEqual(to: keptMass, absoluteTolerance: 1e-12))
            #expect(law.eta.isApproximatelyEqual(to: 1 - keptMass, absoluteTolerance: 1e-12))
            for token in position.q.tokens {
                let evidence = position.evidence(token)
                #expect(evidence.probability == reference.p[Int(token)])
                #expect(evidence.gateProbability == reference.gateP[Int(token)])
                #expect(evidence.rejectMass == law.rejectMass && evidence.keptMass == law.keptMass)
                let ratio = kept[Int(token)] ? 1 : pi[Int(token)] / q[Int(token)]
                #expect(
                    evidence.ratio.isApproximatelyEqual(to: ratio, absoluteTolerance: 1e-11, relativeTolerance: 1e-9)
                )
                if kept[Int(token)] { #expect(evidence.ratio == 1) }
                #expect(
                    Rules.problem(
                        evidence: evidence,
                        draft: position.drafted(token),
                        vocabularyCount: position.count
                    ) == nil
                )
            }
        }
    }

    /// Expert and coordinator decide K apart, from the same numbers.
    @Test(arguments: settings, [false, true])
    func expertAndCoordinatorAgree(settings: RuleSettings, guarded: Bool) {
        var dice = Dice(3)
        for round in 0..<400 {
            var position = Position.random(&dice, rule: settings, guarded: guarded)
            let token = position.q.tokens[Int.random(in: position.q.tokens.indices, using: &dice)]
            let threshold = (1 - settings.alpha) * (position.gateP.max() ?? 0)
            // On the threshold and a bit beside it, gates of nonsense, temperature 0, strict positions.
            switch round % 8 {
            case 0: position.gateP[Int(token)] = threshold
            case 1: position.gateP[Int(token)] = threshold.nextDown
            case 2: position.gate.maximum = 1 - settings.alpha
            case 3: position.gate.maximum = (1 - settings.alpha).nextDown
            case 4: position.gate.maximum = [.nan, .infinity, -1, 0][round / 8 % 4]
            case 5: position.gateP[Int(token)] = [.nan, .infinity, -1, 0][round / 8 % 4]
            case 6: position.spec.sampling.temperature = 0
            default: position.spec.rule.strictPrefixTokens = round / 8 % 2 * 100
            }
            for token in 0..<Token(position.count) {
                let law = position.law(token)
                let verdict = position.verdict(token, coin: 0.5)
                #expect((verdict == .kept) == law.keeps(token), "round \(round), token \(token)")
                if verdict == .kept { #expect(law.ratio(of: token) == 1) }
            }
        }
    }

    @Test func strictPositionsAreLossless() {
        var dice = Dice(4)
        for _ in 0..<50 {
            let rule = RuleSettings(rule: .tokenV3, alpha: 0.9, strictPrefixTokens: 11)
            let position = Position.random(&dice, rule: rule, guarded: false)
            #expect(distance(position.emitted, position.reference.p) < 1e-12)
        }
    }

    /// At its strict point every rule is lossless.
    @Test(arguments: ends.indices)
    func strictPointIsLossless(index: Int) {
        var dice = Dice(5)
        let end = Self.ends[index]
        for _ in 0..<60 {
            let rule = RuleSettings(rule: end.rule, alpha: end.strict)
            var position = Position.random(&dice, rule: rule, guarded: false)
            let p = position.reference.p
            #expect(distance(position.emitted, p) < 1e-12)
            position.spec.rule = RuleSettings(rule: .lossless)
            #expect(distance(position.emitted, p) < 1e-12)
        }
    }

    /// At its loose end the drafter is alone, but for tokens that the expert cannot emit.
    @Test(arguments: ends.indices)
    func looseEndIsTheDrafter(index: Int) {
        var dice = Dice(6)
        let end = Self.ends[index]
        for _ in 0..<60 {
            let rule = RuleSettings(rule: end.rule, alpha: end.loose, topN: 99)
            var position = Position.random(&dice, rule: rule, guarded: false)
            let q = position.reference.q
            let masked = position.q.tokens.contains { position.p.index(of: $0) == nil }
            if !masked {
                #expect(position.law.rejectMass < 1e-12)
                #expect(distance(position.emitted, q) < 1e-12)
            }
            position.p = position.q
            #expect(distance(position.emitted, q) < 1e-12)
        }
    }

    @Test(arguments: settings)
    func namesOfTokensDoNotMatter(settings: RuleSettings) {
        var dice = Dice(7)
        for _ in 0..<40 {
            let position = Position.random(&dice, rule: settings, guarded: false)
            let reference = position.reference
            let names = (0..<position.count).shuffled(using: &dice)
            func renamed(_ values: [Double]) -> [Double] { names.map { values[$0] } }
            var gate = position.gate
            gate.argmax = Token(names.firstIndex(of: Int(gate.argmax)) ?? 0)
            var other = Position(
                p: renamed(dense(position.p, count: position.count)),
                q: renamed(dense(position.q, count: position.count)),
                gateP: renamed(reference.gateP),
                gate: gate,
                spec: position.spec
            )
            other.gateScale = position.gateScale
            let law = (0..<Token(position.count)).map(position.law.probability(of:))
            let otherLaw = (0..<Token(position.count)).map(other.law.probability(of:))
            // Weights are rounded to single precision again, so not to the last bit.
            #expect(distance(renamed(law), otherLaw) < 1e-6)
        }
    }

    /// A one-hot drafter ships no row: the forms without q (accept with p(x), residual p without x) are the same.
    @Test(arguments: settings)
    func oneHotDraftsNeedNoRow(settings: RuleSettings) {
        var dice = Dice(8)
        for _ in 0..<60 {
            var position = Position.random(&dice, rule: settings, guarded: true)
            let token = Token.random(in: 0..<Token(position.count), using: &dice)
            position.q = Distribution(oneHot: token)
            let p = position.reference.p
            let kept = position.reference.kept[Int(token)]
            #expect(
                position.acceptance(token).isApproximatelyEqual(
                    to: position.reference.acceptance[Int(token)],
                    absoluteTolerance: 1e-12
                )
            )
            var rest = p
            rest[Int(token)] = 0
            let total = rest.reduce(0, +)
            if !kept, total > 0 {
                #expect(distance(position.residual, rest.map { $0 / total }) < 1e-12)
            }
        }
    }

    @Test(arguments: JointLawTests.family, RuleSettings.VerifyMethod.allCases)
    func evidenceOverAVocabularyIsQuick(rule: RuleSettings, method: RuleSettings.VerifyMethod) throws {
        var rule = rule
        rule.verifyMethod = method
        var dice = Dice(9)
        let p = (0..<151_936).map { _ in dice.exponential() }
        let tokens = (0..<Token(64)).map { $0 * 2000 }
        let q = try #require(Distribution(tokens: tokens, weights: tokens.map { Float($0 % 7 + 1) }))
        let spec = SequenceSpec(id: 1, seed: 1, sampling: SamplingSettings(temperature: 1), rule: rule)
        let expert = row(p)
        let draft = DraftedPosition(token: 4000, row: q, gate: DraftGate(maximum: 0.6))
        let elapsed = (0..<5).map { position in
            ContinuousClock().measure {
                _ = Rules.evidence(
                    position: position,
                    base: 0,
                    draft: draft,
                    p: expert,
                    gateP: GateRow(expert, draft: draft, settings: rule),
                    passed: 0.9,
                    spec: spec,
                    draws: PhiloxDraws(seed: 1)
                )
            }
        }
        let best = try #require(elapsed.min())
        print("evidence over \(p.count) tokens, \(rule.rule.rawValue), \(method.rawValue): \(best)")
        #expect(best < .milliseconds(20))
    }
}
