/// How a next-token distribution is made from logits, on both roles alike.
///
/// Order of the chain (decisions.md 8d): the softmax of the logits is the *raw* row; top-k, top-p, min-p, then
/// temperature give the *processed* row. At temperature 0 the processed row is one-hot on the argmax (the lowest id
/// wins a tie).
package struct SamplingSettings: Equatable, Sendable {
    /// Softmax temperature, 0 for greedy; finite and not negative.
    package var temperature: Double
    /// Keep the k most likely tokens; 0 keeps all.
    package var topK: Int
    /// Keep the smallest set of most likely tokens with at least this mass, in (0, 1]; 1 keeps all.
    package var topP: Double
    /// Keep tokens with at least this share of the most likely token's probability, in [0, 1); 0 keeps all.
    package var minP: Double

    /// Creates settings; the defaults are greedy decoding.
    package init(temperature: Double = 0, topK: Int = 0, topP: Double = 1, minP: Double = 0) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.minP = minP
    }

    /// Whether every row is one-hot.
    package var isGreedy: Bool { temperature == 0 }

    /// What is wrong with the settings, in words for the user; nil when they are sound.
    package var problem: String? {
        guard temperature.isFinite, temperature >= 0, temperature <= 100 else {
            return "temperature must be between 0 and 100, not \(temperature)"
        }
        guard topK >= 0 else { return "top-k must not be negative (0 keeps all tokens), not \(topK)" }
        guard topP > 0, topP <= 1 else { return "top-p must be above 0 and at most 1, not \(topP)" }
        guard minP >= 0, minP < 1 else { return "min-p must be at least 0 and below 1, not \(minP)" }
        return nil
    }
}
