import CascadeCore

/// What may be told of an answer that has not ended, whoever committed it.
struct AnswerSoFar: Sendable {
    var tokens: ArraySlice<Token> = []
    /// Where each of them came from.
    var origins: [Origin] = []
    /// How each of them came to be; empty where the job did not ask.
    var explanations: [Explanation] = []
    /// Text that was released.
    var text: [UInt8] = []
    var counts = SpeculationCounts()

    /// Nothing yet.
    init() {}

    init(_ sequence: ActiveSequence) {
        tokens = sequence.answer
        origins = sequence.origins
        explanations = sequence.explanations
        text = sequence.text
        counts = sequence.counts
    }

    init(_ journaled: JournaledAnswer) {
        tokens = journaled.tokens[...]
        origins = journaled.origins
        explanations = journaled.explanations
        text = journaled.text
        counts = journaled.counts
    }
}
