import CascadeCore
import Testing

/// Penalties and bias of single logits, and which values they may have.
struct LogitsAdjustmentTests {
    private func adjustment(
        _ settings: SamplingSettings,
        prompt: [Token] = [],
        answer: [Token] = []
    ) throws -> LogitsAdjustment {
        let text = prompt + answer
        return try #require(LogitsAdjustment(settings, prefix: text[...], promptLength: prompt.count))
    }

    /// What becomes of each token's logit; those that are not there stay.
    private func adjusted(_ logit: Double, _ adjustment: LogitsAdjustment) -> [Token: Double] {
        Dictionary(uniqueKeysWithValues: adjustment.changes.map { ($0.token, $0.logit(logit)) })
    }

    @Test func theAnswerCountsForPresenceAndFrequency() throws {
        let settings = SamplingSettings(presencePenalty: 0.5, frequencyPenalty: 0.25)
        let found = adjusted(2, try adjustment(settings, prompt: [1, 2, 9], answer: [2, 5, 2]))
        #expect(found == [2: 1.0, 5: 1.25])
    }

    @Test func promptAndAnswerCountForRepetition() throws {
        let settings = SamplingSettings(repetitionPenalty: 2)
        let both = try adjustment(settings, prompt: [1, 2, 1], answer: [2, 5, 5])
        #expect(adjusted(3, both) == [1: 1.5, 2: 1.5, 5: 1.5])
        #expect(adjusted(-3, both) == [1: -6, 2: -6, 5: -6])
        #expect(adjusted(0, both) == [1: 0, 2: 0, 5: 0])
    }

    /// Repetition, frequency, presence, bias.
    @Test func theOrderIsTheChains() throws {
        let settings = SamplingSettings(
            presencePenalty: 0.5,
            frequencyPenalty: 1,
            repetitionPenalty: 4,
            logitBias: [LogitBias(token: 3, bias: -10), LogitBias(token: 8, bias: 5)]
        )
        let found = adjusted(8, try adjustment(settings, prompt: [1], answer: [3, 3]))
        // 8 / 4 - 2 - 0.5 - 10; the prompt's token is divided, the one with a bias alone gets that.
        #expect(found == [1: 2.0, 3: -10.5, 8: 13.0])
    }

    /// Going on token by token is the same as beginning anew.
    @Test func appendedTokensCount() throws {
        let settings = SamplingSettings(
            frequencyPenalty: 0.5,
            repetitionPenalty: 1.25,
            logitBias: [LogitBias(token: 4, bias: 1)]
        )
        let answer: [Token] = [4, 7, 1, 7, 7, 2]
        var grown = try adjustment(settings, prompt: [1, 2])
        for (index, token) in answer.enumerated() {
            let anew = try adjustment(settings, prompt: [1, 2], answer: Array(answer[..<index]))
            #expect(adjusted(1.5, grown) == adjusted(1.5, anew))
            grown.append(token)
        }
    }

    @Test func singlePrecisionStaysFinite() throws {
        let settings = SamplingSettings(repetitionPenalty: 0.01, logitBias: [LogitBias(token: 3, bias: -100)])
        for change in try adjustment(settings, prompt: [1]).changes {
            for logit in [Float.greatestFiniteMagnitude, -.greatestFiniteMagnitude, 1e30, 0, .nan] {
                #expect(change.logit(logit).isFinite)
            }
            #expect(change.logit(Float(2)) == (change.token == 1 ? 200 : -98))
        }
    }

    @Test func whatIsOffAdjustsNothing() {
        for settings in [SamplingSettings(), SamplingSettings(temperature: 1, topK: 5, topP: 0.5, minP: 0.1)] {
            #expect(!settings.adjustsLogits && settings.version == 0)
            #expect(LogitsAdjustment(settings, prefix: [1, 2], promptLength: 1) == nil)
        }
        for settings in [
            SamplingSettings(presencePenalty: -1), SamplingSettings(frequencyPenalty: 0.1),
            SamplingSettings(repetitionPenalty: 0.9), SamplingSettings(logitBias: [LogitBias(token: 1, bias: 0)]),
        ] {
            #expect(settings.adjustsLogits && settings.version == 1)
        }
        #expect(SamplingSettings.knownVersion == 2)
    }

    // MARK: Rows

    @Test func aRowsLogitsAreItsLogarithms() throws {
        let row = try #require(Distribution(tokens: [1, 4, 6], weights: [2, 4, 2]))
        let settings = SamplingSettings(
            presencePenalty: Math.log(2),
            repetitionPenalty: 2,
            logitBias: [LogitBias(token: 5, bias: 9), LogitBias(token: 6, bias: Math.log(4))]
        )
        let found = row.adjusted(by: try adjustment(settings, prompt: [1], answer: [4]))
        // 1/4 squared; 1/2 squared and halved; four times 1/4. Token 5 has no probability, whatever its bias.
        #expect(found == Distribution(tokens: [1, 4, 6], weights: [0.0625, 0.125, 1]))
    }

    @Test func extremesLeaveARow() throws {
        let row = try #require(Distribution(tokens: [0, 1, 2], weights: [0.5, 0.25, 0.25]))
        func biased(_ biases: [Double]) throws -> Distribution {
            let entries = biases.enumerated().map { LogitBias(token: Token($0.offset), bias: $0.element) }
            return row.adjusted(by: try adjustment(SamplingSettings(logitBias: entries)))
        }
        let equal = try biased([-100, -100, -100])
        #expect(equal.tokens == [0, 1, 2] && abs(equal.probability(at: 0) - 0.5) < 1e-6)
        #expect(try biased([100, 100, 100]).tokens == [0, 1, 2])
        #expect(try biased([100, -100, 0]).argmax == 0)
        #expect(try biased([-100, 100, -100]).tokens == [1])
        let harsh = SamplingSettings(repetitionPenalty: 100)
        #expect(row.adjusted(by: try adjustment(harsh, prompt: [0, 1, 2])).tokens == [0, 1, 2])
    }

    // MARK: Values

    /// Settings, and what is said of them.
    private static let values: [(SamplingSettings, String?)] = [
        (SamplingSettings(presencePenalty: -2, frequencyPenalty: 2, repetitionPenalty: 100), nil),
        (SamplingSettings(presencePenalty: (2.0).nextUp), "presence-penalty must be between -2 and 2"),
        (SamplingSettings(presencePenalty: .nan), "presence-penalty must be between -2 and 2"),
        (SamplingSettings(frequencyPenalty: (-2.0).nextDown), "frequency-penalty must be between -2 and 2"),
        (SamplingSettings(repetitionPenalty: 0), "repetition-penalty must be above 0 and at most 100"),
        (SamplingSettings(repetitionPenalty: -1), "repetition-penalty must be above 0 and at most 100"),
        (SamplingSettings(repetitionPenalty: .infinity), "repetition-penalty must be above 0 and at most 100"),
        (SamplingSettings(logitBias: [LogitBias(token: 4, bias: -100), LogitBias(token: 5, bias: 100)]), nil),
        (SamplingSettings(logitBias: [LogitBias(token: 4, bias: .nan)]), "token 4 must be between -100 and 100"),
        (SamplingSettings(logitBias: [LogitBias(token: 4, bias: 100.1)]), "token 4 must be between -100 and 100"),
        (SamplingSettings(logitBias: [4, 4].map { LogitBias(token: $0, bias: 1) }), "names token 4 twice"),
        (SamplingSettings(logitBias: [5, 4].map { LogitBias(token: $0, bias: 1) }), "4 stands behind 5"),
        (SamplingSettings(logitBias: (0..<1_024).map { LogitBias(token: $0, bias: 1) }), nil),
        (SamplingSettings(logitBias: (0..<1_025).map { LogitBias(token: $0, bias: 1) }), "1024 tokens at most"),
    ]

    @Test(arguments: values)
    func problemsAreSaidInWords(settings: SamplingSettings, words: String?) {
        guard let words else {
            #expect(settings.problem == nil)
            return
        }
        #expect(settings.problem?.contains(words) == true, "\(settings.problem ?? "none")")
    }

    @Test func aBiasIsForTokensThatThereAre() {
        let settings = SamplingSettings(logitBias: [LogitBias(token: 4, bias: 1), LogitBias(token: 99, bias: 1)])
        #expect(settings.problem(vocabularyCount: 100) == nil)
        #expect(settings.problem(vocabularyCount: 99)?.contains("token 99") == true)
        #expect(SamplingSettings().problem(vocabularyCount: 0) == nil)
        #expect(settings.biasByToken == ["4": 1, "99": 1] && SamplingSettings().biasByToken == nil)
    }
}
