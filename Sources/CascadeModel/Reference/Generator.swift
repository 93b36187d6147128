package import CascadeCore

/// Generates text with one model, without a cluster or a draft: the reference to compare with.
package struct Generator {
    /// Why generation ended.
    package enum End: Equatable, Sendable {
        /// The token that ends a text was generated; it is the last one returned.
        case endToken
        /// The number of tokens asked for.
        case limit
        /// No room for another token in the model's context or the KV cache.
        case context
        /// The caller said so.
        case cancelled
    }

    /// What was generated.
    package struct Output: Equatable, Sendable {
        /// The tokens, without the prompt.
        package var tokens: [Token]
        /// Why there are no more.
        package var end: End
    }

    private let engine: Engine

    /// Creates a generator on an engine.
    package init(engine: Engine) { self.engine = engine }

    /// Continues `prompt` (at least one token) by up to `maximumTokens` tokens.
    ///
    /// `draw` picks a token from the processed row of the position given (its index in the sequence); it is not asked
    /// where a row is one-hot. `onToken` is told of each token as soon as it is known and ends the generation by
    /// returning false.
    package func generate(
        prompt: [Token],
        maximumTokens: Int,
        sampling: SamplingSettings = SamplingSettings(),
        endTokens: Set<Token> = [],
        draw: (Distribution, _ position: Int) -> Token,
        onToken: (Token) -> Bool = { _ in true }
    ) throws(ModelError) -> Output {
        if let problem = sampling.problem { throw .invalidRequest(problem) }
        guard maximumTokens > 0 else { return Output(tokens: [], end: .limit) }
        let cache = engine.makeCache()
        var adjustment = LogitsAdjustment(sampling, prefix: prompt[...], promptLength: prompt.count)
        var output: [Token] = []
        var fed = prompt
        while true {
            try engine.forward([Segment(cache: cache, tokens: fed, logits: 1)])
            let logits = try engine.row(segment: 0, row: 0)
            let adjusted = adjustment.map(logits.adjusted) ?? logits
            let row = adjusted.distribution(sampling)
            let token = row.isOneHot ? row.tokens[0] : draw(row, cache.length)
            output.append(token)
            adjustment?.append(token)
            guard onToken(token) else { return Output(tokens: output, end: .cancelled) }
            if endTokens.contains(token) { return Output(tokens: output, end: .endToken) }
            if output.count == maximumTokens { return Output(tokens: output, end: .limit) }
            if cache.length == engine.maximumLength { return Output(tokens: output, end: .context) }
            fed = [token]
        }
    }
}
