import CascadeCore

extension Submit {
    /// A job of the default pool: a raw prompt, greedy and lossless, with a submit key of its own.
    static func greedy(
        _ prompt: String,
        maxTokens: UInt32,
        requestID: UInt64 = .random(in: 1...UInt64.max / 2),
        draftLength: UInt32 = 4,
        explains: Bool = false,
        follow: Bool = true
    ) -> Submit {
        Submit(
            requestID: requestID,
            submitKey: Hash128(high: .random(in: 0...UInt64.max), low: .random(in: 0...UInt64.max)),
            pool: "default",
            prompt: Array(prompt.utf8),
            format: .raw,
            system: nil,
            sampling: SamplingSettings(temperature: 0, topK: 0, topP: 1, minP: 0),
            rule: RuleSettings(explains: explains),
            usesDefaultRule: false,
            maxTokens: maxTokens,
            stop: [],
            seed: 1,
            draftLength: .fixed(draftLength),
            drafterKind: .model,
            draftMinimumConfidence: 0,
            follow: follow
        )
    }
}
