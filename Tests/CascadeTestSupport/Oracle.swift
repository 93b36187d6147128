/// What the reference implementation answers for one model.
package struct Oracle: Decodable, Sendable {
    /// The model's name there.
    package let model: String
    /// SHA-256 of the model file, in hexadecimal.
    package let sha256: String
    /// Number of tokens in the vocabulary.
    package let vocab: Int
    /// The reference implementation and its version.
    package let reference: String
    /// The prompts and what came out.
    package let cases: [Case]

    /// One prompt and what came out. Log-probabilities and margins are in nats. Some cases are
    /// for tokenizers alone and have no numbers, others have no continuation; what a case lacks is nil.
    package struct Case: Decodable, Sendable {
        /// The prompt.
        package let text: String
        /// Whether control tokens written in the prompt count as such.
        package let parseSpecial: Bool
        /// Whether the model asks for a beginning-of-sequence token.
        package let addBos: Bool
        /// The prompt's tokens.
        package let tokens: [UInt32]
        /// Log-probability of each token but the first, given those before it.
        package let nextLogprob: [Double]?
        /// The likeliest next token at each position.
        package let argmax: [UInt32]?
        /// Entropy of the next-token distribution at each position.
        package let entropy: [Double]?
        /// Distance between the two likeliest tokens' log-probabilities at each position.
        package let top2Margin: [Double]?
        /// The 16 likeliest tokens after the prompt, as pairs of token and log-probability.
        package let lastTop16: [[Double]]?
        /// Greedy continuation of the prompt.
        package let greedy: [UInt32]?
        /// ``top2Margin`` at each step of the continuation.
        package let greedyMargin: [Double]?
        /// The continuation as text.
        package let greedyText: String?
    }
}
