/// How an engine is set up.
package struct EngineOptions: Equatable, Sendable {
    /// Threads that compute, the caller's among them.
    package var threads: Int
    /// Tokens that the KV cache holds, over all sequences.
    package var contextTokens: Int
    /// Most rows of one pass; longer inputs are computed in several.
    package var maximumRows: Int
    /// Most rows of logits of one call.
    package var maximumLogits: Int
    /// Lets early exits move the logits; nil leaves them to the last layer.
    package var sled: SLEDSettings?

    /// Creates options; `maximumLogits` defaults to `maximumRows`.
    package init(
        threads: Int,
        contextTokens: Int = 4_096,
        maximumRows: Int = 64,
        maximumLogits: Int? = nil,
        sled: SLEDSettings? = nil
    ) {
        self.threads = threads
        self.contextTokens = contextTokens
        self.maximumRows = maximumRows
        self.maximumLogits = maximumLogits ?? maximumRows
        self.sled = sled
    }

    /// What is wrong with the options, in words for the user; nil when they are sound.
    package var problem: String? {
        guard 1...256 ~= threads else { return "threads must be 1 to 256, not \(threads)" }
        guard 1...(1 << 30) ~= contextTokens else {
            return "context tokens must be 1 to \(1 << 30), not \(contextTokens)"
        }
        guard 1...65_536 ~= maximumRows else { return "rows of a pass must be 1 to 65536, not \(maximumRows)" }
        guard 1...65_536 ~= maximumLogits else { return "rows of logits must be 1 to 65536, not \(maximumLogits)" }
        return nil
    }
}
