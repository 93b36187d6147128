import CascadeCore

/// What an earlier coordinator committed of an answer: the sum of its ``CommittedTokens``.
struct JournaledAnswer: Equatable, Sendable {
    let start: AnswerStart
    private(set) var tokens: [Token] = []
    private(set) var origins: [Origin] = []
    private(set) var explanations: [Explanation] = []
    private(set) var text: [UInt8] = []
    private(set) var counts = SpeculationCounts()
    private(set) var round: UInt32 = 0
    private(set) var isExpertsTurn = false
    private(set) var firstTokenMilliseconds = 0.0
    private(set) var ageMilliseconds = 0.0

    init(_ start: AnswerStart) {
        self.start = start
    }

    /// Adds a record of a job that asks for explanations or not; says what is wrong with it.
    mutating func add(_ committed: CommittedTokens, explains: Bool) -> String? {
        guard committed.offset == tokens.count else {
            return "tokens from \(committed.offset) on follow on \(tokens.count) tokens"
        }
        guard committed.tokens.count == committed.origins.count else {
            return "\(committed.tokens.count) tokens have \(committed.origins.count) origins"
        }
        guard committed.explanations.count == (explains ? committed.tokens.count : 0) else {
            return "\(committed.tokens.count) tokens have \(committed.explanations.count) explanations"
        }
        guard committed.tokens.allSatisfy({ $0 < start.vocabularyCount }) else {
            return "it has tokens outside its pool's vocabulary"
        }
        guard tokens.count + committed.tokens.count < start.maxTokens else {
            return "an answer of at most \(start.maxTokens) tokens has not ended with its last"
        }
        if tokens.isEmpty { firstTokenMilliseconds = committed.ageMilliseconds }
        tokens += committed.tokens
        origins += committed.origins
        explanations += committed.explanations
        text += committed.text
        counts = committed.counts
        round = committed.round
        isExpertsTurn = committed.isExpertsTurn
        ageMilliseconds = committed.ageMilliseconds
        return nil
    }
}
