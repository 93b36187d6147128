/// How a next-token distribution is made from logits, on both roles alike.
///
/// Order of the chain (decisions.md 8d): penalties and bias adjust the logits (``LogitsAdjustment``); the softmax of
/// what they leave is the *raw* row; top-k, top-p, min-p, then temperature give the *processed* row. At temperature 0
/// the processed row is one-hot on the argmax (the lowest id wins a tie).
package struct SamplingSettings: Equatable, Sendable {
    /// Softmax temperature, 0 for greedy; finite and not negative.
    package var temperature: Double
    /// Keep the k most likely tokens; 0 keeps all.
    package var topK: Int
    /// Keep the smallest set of most likely tokens with at least this mass, in (0, 1]; 1 keeps all.
    package var topP: Double
    /// Keep tokens with at least this share of the most likely token's probability, in [0, 1); 0 keeps all.
    package var minP: Double
    /// Taken off the logits of tokens that the answer has so far, in [-2, 2]; 0 is off.
    package var presencePenalty: Double
    /// Taken off the logits of tokens for each time that the answer has them so far, in [-2, 2]; 0 is off.
    package var frequencyPenalty: Double
    /// Divides positive logits, and multiplies others, of tokens that the prompt or the answer has so far, above 0 and
    /// at most 100; 1 is off.
    package var repetitionPenalty: Double
    /// What is added to the logits of some tokens; tokens ascend, each stands once.
    package var logitBias: [LogitBias]

    /// Creates settings; the defaults are greedy decoding.
    package init(
        temperature: Double = 0,
        topK: Int = 0,
        topP: Double = 1,
        minP: Double = 0,
        presencePenalty: Double = 0,
        frequencyPenalty: Double = 0,
        repetitionPenalty: Double = 1,
        logitBias: [LogitBias] = []
    ) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.minP = minP
        self.presencePenalty = presencePenalty
        self.frequencyPenalty = frequencyPenalty
        self.repetitionPenalty = repetitionPenalty
        self.logitBias = logitBias
    }

    /// The bias as OpenAI's API writes it, by the token's number; nil where there is none.
    package var biasByToken: [String: Double]? {
        guard !logitBias.isEmpty else { return nil }
        return Dictionary(logitBias.map { ("\($0.token)", $0.bias) }) { _, later in later }
    }

    /// Whether every row is one-hot.
    package var isGreedy: Bool { temperature == 0 }

    /// Whether there are penalties or a bias: logits are no longer what the model makes of the tokens before them.
    package var adjustsLogits: Bool { countsTokens || !logitBias.isEmpty }

    /// What this program's nodes know of these settings: 0 has none of the penalties and no bias, 1 no
    /// ``OutputConstraint``.
    package static let knownVersion: UInt32 = 2
    /// What a node has to know for these: an older one would ignore the rest in silence.
    package var version: UInt32 { adjustsLogits ? 1 : 0 }

    /// Whether there is a penalty, for which the tokens before a row are counted.
    var countsTokens: Bool { presencePenalty != 0 || frequencyPenalty != 0 || repetitionPenalty != 1 }

    /// What is wrong with the settings, in words for the user; nil when they are sound.
    package var problem: String? {
        guard temperature.isFinite, temperature >= 0, temperature <= 100 else {
            return "temperature must be between 0 and 100, not \(temperature)"
        }
        guard topK >= 0 else { return "top-k must not be negative (0 keeps all tokens), not \(topK)" }
        guard topP > 0, topP <= 1 else { return "top-p must be above 0 and at most 1, not \(topP)" }
        guard minP >= 0, minP < 1 else { return "min-p must be at least 0 and below 1, not \(minP)" }
        return penaltyProblem ?? biasProblem
    }

    private var penaltyProblem: String? {
        for (name, penalty) in [("presence-penalty", presencePenalty), ("frequency-penalty", frequencyPenalty)]
        where !(-2...2).contains(penalty) {
            return "\(name) must be between -2 and 2, not \(penalty)"
        }
        guard repetitionPenalty > 0, repetitionPenalty <= 100 else {
            return "repetition-penalty must be above 0 and at most 100 (1 is off), not \(repetitionPenalty)"
        }
        return nil
    }

    private var biasProblem: String? {
        guard logitBias.count <= LogitBias.most else {
            return "logit-bias may name \(LogitBias.most) tokens at most, not \(logitBias.count)"
        }
        if let wrong = logitBias.first(where: { !LogitBias.range.contains($0.bias) }) {
            return "logit-bias of token \(wrong.token) must be between -100 and 100, not \(wrong.bias)"
        }
        for (entry, next) in zip(logitBias, logitBias.dropFirst()) where entry.token >= next.token {
            return entry.token == next.token
                ? "logit-bias names token \(next.token) twice"
                : "logit-bias must name tokens in ascending order: \(next.token) stands behind \(entry.token)"
        }
        return nil
    }

    /// What is wrong with the settings for a vocabulary of `count` tokens, in words for the user; nil where nothing is.
    package func problem(vocabularyCount count: Int) -> String? {
        guard let last = logitBias.last, Int(last.token) >= count else { return nil }
        return "logit-bias names token \(last.token), and the vocabulary has \(count) tokens, from 0"
    }
}

/// What is added to one token's logit.
package struct LogitBias: Equatable, Sendable {
    /// Most tokens that a job may name.
    package static let most = 1_024
    /// What may be added.
    package static let range = -100.0...100.0

    /// The token.
    package var token: Token
    /// What is added to its logit; -100 all but forbids it.
    package var bias: Double

    /// Creates a bias.
    package init(token: Token, bias: Double) {
        self.token = token
        self.bias = bias
    }
}
