import CascadeCore
import CascadeRules
import CascadeTestSupport
import Foundation
import Testing

@testable import CascadeWorker

/// An expert's log probabilities against those of the model's rows, worked out here from the definition: raw rows,
/// which differ from the processed ones that are judged by.
struct LogprobTests {
    private static let rules: [RuleSettings.Rule] = [.lossless, .tokenV3, .chow, .tokenLT]

    /// A token's log probability and rank in the raw row behind a prefix.
    private func expected(_ token: Token, behind prefix: [Token]) -> (value: Double, rank: UInt32) {
        let weights = PrefixModel.raw(behind: prefix[...]).weights.map(Double.init)
        let own = weights[Int(token)]
        let before = weights.indices.count { other in
            weights[other] > own || (weights[other] == own && other < Int(token))
        }
        return (log(own / weights.reduce(0, +)), UInt32(before + 1))
    }

    private func check(_ told: RankedLogprob, _ token: Token, behind prefix: [Token]) {
        let (value, rank) = expected(token, behind: prefix)
        #expect(abs(told.value - value) < 1e-12, "token \(token) behind \(prefix)")
        #expect(told.rank == rank, "token \(token) behind \(prefix)")
    }

    private func check(_ top: [TopLogprob], _ count: Int, behind prefix: [Token]) {
        #expect(top.count == min(count, Int(PrefixModel.vocabulary)))
        for (place, one) in top.enumerated() {
            check(RankedLogprob(one.value, rank: UInt32(place + 1)), one.token, behind: prefix)
        }
    }

    private func draft(_ count: Int, behind text: [Token], _ random: inout SeededGenerator) -> [DraftedPosition] {
        var text = text
        return (0..<count).map { _ in
            let row = PrefixModel.draft(behind: text[...])
            let token = row.tokens.randomElement(using: &random) ?? 0
            text.append(token)
            return DraftedPosition(token: token, row: row, gate: DraftGate(maximum: row.largestProbability))
        }
    }

    private func answer(_ spec: SequenceSpec, _ text: [Token], _ draft: [DraftedPosition]) throws -> Verified {
        var worker = Worker(model: PrefixModel(), maxBatchedTokens: 16)
        let verify = Verify(
            fence: Fence(boot: 1, incarnation: 1, sequence: SequenceID(job: JobID(rawValue: 1)), round: 1),
            specID: spec.id,
            spec: spec,
            prefix: Prefix(baseLength: UInt32(text.count), hash: PrefixHash.empty, tail: text),
            draft: draft
        )
        worker.add(.verify(verify))
        var answers: [Message] = []
        while !worker.isIdle { answers += worker.runPass(at: Instant(nanoseconds: 0)) }
        guard case .verified(let verified)? = answers.first else { throw ForwardError.failed("\(answers)") }
        return verified
    }

    /// Whatever is committed of a round, what is told at its place is about that very token behind those before it.
    @Test(arguments: rules, RuleSettings.VerifyMethod.allCases)
    func everyTokenOfARoundHasItsOwn(rule: RuleSettings.Rule, method: RuleSettings.VerifyMethod) throws {
        var random = SeededGenerator(seed: 91)
        var seen: [Origin: Int] = [:]
        var (bonuses, relaxed) = (0, 0)
        for round in 0..<120 {
            let length = Int.random(in: 1...30, using: &random)
            let text = (0..<length).map { _ in Token.random(in: 0..<PrefixModel.vocabulary, using: &random) }
            let draft = draft(round % 5, behind: text, &random)
            let bonus: RuleSettings.Bonus = round % 3 == 0 ? .rule : .target
            let settings = RuleSettings(rule: rule, alpha: rule.defaultAlpha.map { _ in 0.7 }, bonus: bonus)
            var spec = SequenceSpec(
                id: 1,
                seed: UInt64(round),
                sampling: SamplingSettings(temperature: 1),
                rule: settings,
                promptLength: length
            )
            spec.rule.verifyMethod = method
            let plain = try answer(spec, text, draft)
            #expect(plain.logprobs.isEmpty)
            spec.logprobs = UInt32(round % 9)
            var told = try answer(spec, text, draft)
            let rows = told.logprobs
            told.logprobs = []
            #expect(told == plain, "what is told changes nothing")
            try #require(rows.count == draft.count + (plain.bonus == nil ? 0 : 1))

            var prefix = text
            for (index, row) in rows.enumerated() {
                check(row.top, round % 9, behind: prefix)
                check(row.own, index < draft.count ? told.evidence[index].residual : told.bonus ?? 0, behind: prefix)
                if index < draft.count {
                    check(try #require(row.drafted), draft[index].token, behind: prefix)
                    prefix.append(draft[index].token)
                } else {
                    #expect(row.drafted == nil)
                }
            }
            let outcome = Rules.walk(
                draft: draft,
                evidence: told.evidence,
                bonus: told.bonus,
                base: length,
                spec: spec,
                draws: PhiloxDraws(seed: spec.seed)
            )
            prefix = text
            for (index, token) in outcome.tokens.enumerated() {
                let origin = outcome.origins[index]
                check(try #require(origin == .expert ? rows[index].own : rows[index].drafted), token, behind: prefix)
                prefix.append(token)
                seen[origin, default: 0] += 1
            }
            bonuses += outcome.bonus
            relaxed += outcome.relaxed
        }
        #expect(bonuses > 24, "those of rounds without a draft among them")
        #expect(seen[.expert, default: 0] > bonuses, "none was recovered")
        #expect(seen[.matched, default: 0] + seen[.kept, default: 0] > 5)
        if rule != .lossless { #expect(seen[.kept, default: 0] > 0 && relaxed > 0) }
    }

    /// A greedy row is judged by its likeliest token alone; what is told is the model's.
    @Test func greedyRowsAreToldAsTheyAre() throws {
        var row = DistributionRow(raw: PrefixModel.raw(behind: [3, 1, 4]))
        row.processed = Distribution(oneHot: 2)
        let told = row.logprobs(of: Array(0..<PrefixModel.vocabulary), top: 3, SequenceSpec(id: 1, seed: 1))
        for (token, one) in told.of.enumerated() { check(one, Token(token), behind: [3, 1, 4]) }
        check(told.top, 3, behind: [3, 1, 4])
        #expect(Set(told.of.map(\.rank)).count == Int(PrefixModel.vocabulary))
    }

    /// What a row lacks has the least log probability that is told, and a place behind all others.
    @Test func whatARowLacksIsBehindAll() throws {
        let raw = try #require(Distribution(tokens: [2, 5, 9], weights: [1, 2, 1]))
        let told = DistributionRow(raw: raw).logprobs(of: [5, 7, 9, 2], top: 20, SequenceSpec(id: 1, seed: 1))
        #expect(told.of.map(\.rank) == [1, 4, 3, 2])
        #expect(told.of[1].value == Logprobs.least)
        #expect(told.top.map(\.token) == [5, 2, 9])
        #expect(abs(told.of[0].value - log(0.5)) < 1e-12 && abs(told.of[2].value - log(0.25)) < 1e-12)
    }
}
