import CascadeCore
import CascadeRules
import CascadeTestSupport
import Testing

@testable import CascadeWorker

/// Penalties and bias where rows become distributions: they see the tokens before each row, drafted ones included.
struct PenaltyTests {
    private let sampling = SamplingSettings(
        temperature: 1,
        presencePenalty: 0.75,
        frequencyPenalty: 0.5,
        repetitionPenalty: 1.5,
        logitBias: [LogitBias(token: 2, bias: 1.25), LogitBias(token: 5, bias: -2)]
    )

    private func spec(_ sampling: SamplingSettings, prompt: Int) -> SequenceSpec {
        SequenceSpec(id: 1, seed: 9, sampling: sampling, promptLength: prompt)
    }

    private func fence(_ round: UInt32) -> Fence {
        Fence(boot: 1, incarnation: 1, sequence: SequenceID(job: JobID(rawValue: 1)), round: round)
    }

    private func prefix(_ tokens: [Token]) -> Prefix {
        Prefix(baseLength: UInt32(tokens.count), hash: PrefixHash.empty, tail: tokens)
    }

    private func draft(_ text: [Token], _ spec: SequenceSpec, count: UInt32, round: UInt32 = 1) -> WorkRequest {
        .draft(Draft(fence: fence(round), specID: 1, spec: spec, prefix: prefix(text), count: count))
    }

    private func answers(_ worker: inout Worker<PrefixModel>) -> [Message] {
        var answers: [Message] = []
        for _ in 0..<50 where !worker.isIdle { answers += worker.runPass(at: Instant(nanoseconds: 0)) }
        return answers
    }

    /// The row's probabilities once each token's logit is adjusted by the formulas, in double precision.
    private func plain(_ row: Distribution, prompt: [Token], answer: [Token]) -> [Double] {
        let weights = row.tokens.map { token -> Double in
            var logit = Math.log(row.probability(of: token))
            if prompt.contains(token) || answer.contains(token) {
                logit = logit > 0 ? logit / sampling.repetitionPenalty : logit * sampling.repetitionPenalty
            }
            logit -= sampling.frequencyPenalty * Double(answer.count { $0 == token })
            logit -= sampling.presencePenalty * (answer.contains(token) ? 1 : 0)
            logit += sampling.logitBias.first { $0.token == token }?.bias ?? 0
            return Math.exp(logit)
        }
        let total = weights.reduce(0, +)
        return weights.map { $0 / total }
    }

    /// Each row of a draft is that of the tokens before it, those of the draft included.
    @Test func aDraftSeesItself() throws {
        let prompt: [Token] = [3, 1, 4]
        for answer: [Token] in [[], [2], [2, 2, 6, 4]] {
            var worker = Worker(model: PrefixModel(), maxBatchedTokens: 4)
            worker.add(draft(prompt + answer, spec(sampling, prompt: prompt.count), count: 5))
            guard case .drafted(let drafted)? = answers(&worker).first else {
                Issue.record("no draft")
                return
            }
            #expect(drafted.positions.count == 5)
            var before = answer
            for position in drafted.positions {
                let row = PrefixModel.processed(behind: (prompt + before)[...])
                let expected = plain(row, prompt: prompt, answer: before)
                for (token, share) in zip(row.tokens, expected) {
                    // What is shipped lacks the row's tail.
                    let error = abs(position.row.probability(of: token) - share)
                    #expect(error < 2 * (1 - ShippedRow.share), "\(token) behind \(before)")
                }
                before.append(position.token)
            }
        }
    }

    /// The expert's rows of a whole draft are those of its beginnings, one by one: what a pass holds does not matter.
    @Test func anExpertSeesTheDraft() throws {
        let (prompt, answer): ([Token], [Token]) = ([3, 1, 4], [2, 6])
        let spec = spec(sampling, prompt: prompt.count)
        let tokens: [Token] = [5, 5, 2, 5]
        let drafted = tokens.map { token in
            let row = Distribution(tokens: Array(0..<7), weights: [1, 1, 1, 1, 1, 1, 1]) ?? Distribution(oneHot: token)
            return DraftedPosition(token: token, row: row, gate: DraftGate(maximum: 0.5))
        }
        for budget in [5, 6, 64] {
            var worker = Worker(model: PrefixModel(), maxBatchedTokens: budget)
            let verify = Verify(fence: fence(1), specID: 1, spec: spec, prefix: prefix(prompt + answer), draft: drafted)
            worker.add(.verify(verify))
            guard case .verified(let said)? = answers(&worker).first else {
                Issue.record("no answer")
                return
            }
            for index in tokens.indices {
                let before = answer + tokens[..<index]
                let p = PrefixModel.processed(behind: (prompt + before)[...])
                let raw = PrefixModel.raw(behind: (prompt + before)[...])
                let share = plain(p, prompt: prompt, answer: before)[Int(tokens[index])]
                #expect(abs(said.evidence[index].probability - share) < 1e-6, "\(index)")
                let gate = plain(raw, prompt: prompt, answer: before)
                #expect(abs(said.evidence[index].gateProbability - gate[Int(tokens[index])]) < 1e-6, "\(index)")
                #expect(abs(said.evidence[index].gateMaximum - (gate.max() ?? 0)) < 1e-6, "\(index)")
            }
            let bonus = try #require(said.bonus)
            var alone = Worker(model: PrefixModel(), maxBatchedTokens: 64)
            let text = prefix(prompt + answer + tokens)
            alone.add(.verify(Verify(fence: fence(2), specID: 1, spec: spec, prefix: text, draft: [])))
            guard case .verified(let last)? = answers(&alone).first else { return }
            #expect(last.bonus == bonus)
        }
    }

    /// A drafter stops where the adjusted row is flat, whatever the model thinks.
    @Test func confidenceIsOfTheAdjustedRow() {
        for (bias, count) in [(0.0, 0), (100.0, 3)] {
            var settings = SamplingSettings(temperature: 1)
            if bias != 0 { settings.logitBias = [LogitBias(token: 4, bias: bias)] }
            var request = Draft(
                fence: fence(1),
                specID: 1,
                spec: spec(settings, prompt: 1),
                prefix: prefix([1]),
                count: 3
            )
            request.minimumConfidence = 0.99
            var worker = Worker(model: PrefixModel(), maxBatchedTokens: 8)
            worker.add(.draft(request))
            guard case .drafted(let drafted)? = answers(&worker).first else {
                Issue.record("no draft")
                return
            }
            #expect(drafted.positions.map(\.token) == [Token](repeating: 4, count: count))
        }
    }

    // MARK: Greedy

    /// A language that says the same all the time: token 1 nine times out of ten, else the others.
    private struct Stutter: TokenModel {
        var caches = TokenCaches()

        mutating func forward(_ batch: [BatchEntry]) throws(ForwardError) -> Double {
            try caches.append(batch)
            return 1
        }

        func row(_ row: Int, of entry: Int) -> DistributionRow {
            let weights: [Float] = [0.01, 0.9, 0.06, 0.03]
            return DistributionRow(raw: Distribution(tokens: [0, 1, 2, 3], weights: weights) ?? .init(oneHot: 1))
        }
    }

    /// What a greedy drafter says behind a prompt.
    private func said(_ sampling: SamplingSettings, prompt: [Token] = [0]) -> [Token] {
        var worker = Worker(model: Stutter(), maxBatchedTokens: 8)
        worker.add(draft(prompt, spec(sampling, prompt: prompt.count), count: 6))
        for _ in 0..<10 {
            if case .drafted(let drafted)? = worker.runPass(at: Instant(nanoseconds: 0)).first {
                return drafted.positions.map(\.token)
            }
        }
        return []
    }

    @Test func greedyRepetition() {
        #expect(said(SamplingSettings()) == [1, 1, 1, 1, 1, 1])
        // ln 0.9 - ln 0.06 = 2.7: two of a presence penalty are too little, two of a frequency penalty are not.
        #expect(said(SamplingSettings(presencePenalty: 2)) == [1, 1, 1, 1, 1, 1])
        #expect(said(SamplingSettings(frequencyPenalty: 2)) == [1, 1, 2, 3, 1, 0])
        // A bias that makes up for it comes behind the penalties.
        let bias = [LogitBias(token: 2, bias: 3)]
        #expect(said(SamplingSettings(logitBias: bias)) == [2, 2, 2, 2, 2, 2])
        #expect(said(SamplingSettings(presencePenalty: 1, logitBias: bias)) == [2, 1, 2, 2, 2, 2])
        // The prompt's tokens count for the repetition penalty alone: ln 0.9 * 40 is below ln 0.06.
        let repetition = SamplingSettings(repetitionPenalty: 40)
        #expect(said(repetition) == [1, 2, 3, 1, 1, 1])
        #expect(said(repetition, prompt: [1]) == [2, 3, 1, 1, 1, 1])
        #expect(said(SamplingSettings(frequencyPenalty: 2), prompt: [1, 1, 1]) == [1, 1, 2, 3, 1, 0])
    }

    /// Without penalties no row is touched, and none of the tokens before it is looked at.
    @Test func offIsOff() {
        #expect(LogitsAdjustment(SamplingSettings(temperature: 1), prefix: [1, 2, 3], promptLength: 1) == nil)
        #expect(!SamplingSettings(temperature: 0.7, topK: 3, topP: 0.5, minP: 0.1).adjustsLogits)
    }
}
