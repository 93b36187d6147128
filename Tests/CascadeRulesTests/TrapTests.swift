import CascadeCore
import CascadeTestSupport
import Numerics
import Testing

@testable import CascadeRules

/// Facts about the rules that surprise: each once misled somebody.
struct TrapTests {
    private func spec(_ rule: RuleSettings.Rule, _ alpha: Double, temperature: Double = 1) -> SequenceSpec {
        SequenceSpec(
            id: 1,
            seed: 1,
            sampling: SamplingSettings(temperature: temperature),
            rule: RuleSettings(rule: rule, alpha: alpha)
        )
    }

    /// alpha = 0 keeps the expert's most likely token, which is not lossless.
    @Test func alphaZeroIsNotLossless() {
        let position = Position(p: [0.6, 0.4], q: [0.5, 0.5], spec: spec(.tokenV3, 0))
        let expected = [0.8, 0.2]
        for (token, value) in expected.enumerated() {
            #expect(position.law.probability(of: Token(token)).isApproximatelyEqual(to: value, absoluteTolerance: 1e-7))
        }
        let strict = Position(p: [0.6, 0.4], q: [0.5, 0.5], spec: spec(.tokenV3, -1e-9))
        #expect(strict.law.probability(of: 0).isApproximatelyEqual(to: 0.6, absoluteTolerance: 1e-7))
    }

    /// Mean acceptance over random pairs whose drafter is good or poor.
    private func meanAcceptance(_ rule: RuleSettings.Rule, _ alpha: Double, noise: Double) -> Double {
        var dice = Dice(11)
        let rounds = 400
        var sum = 0.0
        for _ in 0..<rounds {
            let logits = (0..<24).map { _ in 2.5 * (dice.exponential() - dice.exponential()) }
            let p = logits.map { Math.exp($0) }
            let q = logits.map { Math.exp($0 + noise * (dice.exponential() - dice.exponential())) }
            sum += 1 - Position(p: p, q: q, spec: spec(rule, alpha)).law.rejectMass
        }
        return sum / Double(rounds)
    }

    /// token-v3 is not monotone in alpha and, with a good drafter, may accept less than lossless does; token-lt never.
    @Test func tokenV3MayAcceptLessThanLossless() {
        let lossless = meanAcceptance(.lossless, 0, noise: 0.35)
        let v3 = [0, 0.2, 0.5, 0.8, 0.9, 0.95, 0.99, 1].map { meanAcceptance(.tokenV3, $0, noise: 0.35) }
        let lt = [0, 0.2, 0.5, 0.8, 0.9, 1].map { meanAcceptance(.tokenLT, $0, noise: 0.35) }
        #expect((0.8...0.92).contains(lossless), "\(lossless)")
        #expect(v3[1] < lossless && v3[2] < lossless && v3[6] > lossless, "\(lossless): \(v3)")
        #expect(lt.allSatisfy { $0 >= lossless } && lt == lt.sorted(), "\(lossless): \(lt)")
        #expect(v3.last == 1 && lt.last == 1)
        let poor = meanAcceptance(.lossless, 0, noise: 2)
        #expect(meanAcceptance(.tokenV3, 0.5, noise: 2) > poor)
    }

    /// Per position, token-lt accepts whatever lossless accepts.
    @Test func tokenLTNeverAcceptsLess() {
        var dice = Dice(12)
        for _ in 0..<300 {
            let alpha = Double.random(in: 0...1, using: &dice)
            var position = Position.random(&dice, rule: RuleSettings(rule: .tokenLT, alpha: alpha), guarded: true)
            let relaxed = position.law
            position.spec.rule = RuleSettings()
            let strict = position.law
            #expect(relaxed.rejectMass <= strict.rejectMass + 1e-15)
            for token in position.q.tokens {
                #expect(min(1, relaxed.ratio(of: token)) >= min(1, strict.ratio(of: token)))
            }
        }
    }

    /// At temperature 0 the rules reduce to a comparison, and what does not stand becomes the expert's argmax.
    @Test(arguments: [0, 0.2, 0.5, 0.8, 1])
    func temperatureZero(alpha: Double) {
        var dice = Dice(13)
        for round in 0..<400 {
            let count = Int.random(in: 2...6, using: &dice)
            func simplex() -> [Double] {
                let values = (0..<count).map { _ in dice.exponential() }
                let total = values.reduce(0, +)
                return values.map { $0 / total }
            }
            let (rawP, rawQ) = (simplex(), simplex())
            let (maxP, maxQ) = (rawP.max() ?? 0, rawQ.max() ?? 0)
            let (y, x) = (rawP.firstIndex(of: maxP) ?? 0, rawQ.firstIndex(of: maxQ) ?? 0)
            func oneHot(_ token: Int) -> [Double] { (0..<count).map { $0 == token ? 1 : 0 } }
            let stands: [RuleSettings.Rule: Bool] = [
                .lossless: x == y,
                .chow: maxQ >= 1 - alpha || x == y,
                .diff: maxQ >= maxP - alpha || x == y,
                // TV of one-hot rows is 0 or 1: opt is diff.
                .opt: maxQ >= maxP - alpha || x == y,
                .tokenV1: rawQ[x] >= maxP - alpha || x == y,
                .tokenV2: rawP[x] >= maxP - alpha,
                .bild: -Math.log(rawP[x]) <= alpha || x == y,
                .lossy: x == y,
                .tokenV3: rawP[x] >= (1 - alpha) * maxP,
                .tokenLT: rawP[x] >= (1 - alpha) * maxP,
            ]
            for (rule, expected) in stands {
                for guarded in [false, true] {
                    var position = Position(
                        p: oneHot(y),
                        q: oneHot(x),
                        gateP: rawP,
                        gate: DraftGate(maximum: maxQ, argmax: Token(x), entropy: entropy(rawQ)),
                        spec: spec(rule, alpha, temperature: 0)
                    )
                    position.gateScale = maxQ
                    if guarded { position.spec.guardTokens = [round % 2 == 0 ? Token(x) : Token(y)] }
                    for u in [0x1p-33, 0.5, 1 - 0x1p-33] {
                        let verdict = position.verdict(Token(x), coin: u, residual: u)
                        let accepted = verdict == .kept || verdict == .matched
                        #expect(accepted == (guarded ? x == y : expected), "\(rule), round \(round)")
                        if !accepted { #expect(verdict == .recovered(Token(y))) }
                    }
                }
            }
        }
    }

    /// A token that a mask forbids does not stand even where the rule keeps the position, at any temperature.
    @Test(arguments: [0, 1.0])
    func maskedTokensDoNotStand(temperature: Double) {
        let q: [Double] = temperature == 0 ? [1, 0, 0] : [0.8, 0.1, 0.1]
        let position = Position(
            p: temperature == 0 ? [0, 1, 0] : [0, 0.7, 0.3],
            q: q,
            gateP: [0, 0.7, 0.3],
            gate: DraftGate(maximum: 0.8),
            spec: spec(.chow, 1, temperature: temperature)
        )
        guard case .recovered(let token) = position.verdict(0, coin: 0x1p-33) else {
            Issue.record("a masked token was accepted")
            return
        }
        #expect(token != 0)
    }

    /// A lookup's draft has no model row: a rule that reads the drafter judges it losslessly, the others as ever.
    @Test func lookupDraftsAreNotTheDraftersConfidence() {
        for rule in RuleSettings.Rule.speculative {
            let isPOnly = [.tokenV2, .tokenV3, .tokenLT, .typical, .topkDelta].contains(rule)
            let alpha = rule == .typical || rule == .ensemble ? 0.1 : 0.5
            let position = Position(p: [0.6, 0.4], q: [0, 1], gate: .lookup, spec: spec(rule, alpha))
            #expect(position.verdict(1, coin: 0.39) == (isPOnly ? .kept : .matched), "\(rule)")
            #expect(position.verdict(1, coin: 0.41) == (isPOnly ? .kept : .recovered(0)), "\(rule)")
            #expect(distance(position.emitted, position.reference.pi) < 1e-12, "\(rule)")
        }
    }
}
