package import CascadeCore

/// What becomes of a ``CompletionRequest``.
package enum CompletionEvent: Equatable, Sendable {
    /// The job exists.
    case accepted(AcceptedCompletion)
    /// What the job waits for, for people.
    case waiting(String)
    /// How far the prompt is read: tokens, and how many there are.
    case reading(done: Int, total: Int)
    /// The answer goes on.
    case tokens(CompletionDelta)
    /// The answer is complete; nothing follows.
    case finished(FinishedCompletion)
}

/// A job that exists.
package struct AcceptedCompletion: Equatable, Sendable {
    /// Its name.
    package var job: String
    /// Which of the ``ServedModel``s answers.
    package var model: String

    /// Creates the value from its parts.
    package init(job: String, model: String) {
        self.job = job
        self.model = model
    }
}

/// A piece of an answer.
package struct CompletionDelta: Equatable, Sendable {
    /// The text that may be shown. Bytes in a row are the answer; one delta may end within a character.
    package var text: [UInt8]
    /// Tokens that were committed. Their text may come later than they do, and is left out where it is a stop string's.
    package var tokens: [EmittedToken]

    /// Creates the value from its parts.
    package init(text: [UInt8], tokens: [EmittedToken]) {
        self.text = text
        self.tokens = tokens
    }
}

/// A token of an answer.
package struct EmittedToken: Equatable, Sendable {
    /// The token, and its bytes.
    package var piece: TokenPiece
    /// Where it came from.
    package var origin: Origin
    /// The natural logarithm of the probability that the expert gave it; nil where that was not asked for.
    package var logprob: Double?
    /// The likeliest tokens at its place, likeliest first; empty where they were not asked for.
    package var top: [RankedToken]

    /// Creates the value from its parts.
    package init(piece: TokenPiece, origin: Origin, logprob: Double? = nil, top: [RankedToken] = []) {
        self.piece = piece
        self.origin = origin
        self.logprob = logprob
        self.top = top
    }
}

/// A token that could have been.
package struct RankedToken: Equatable, Sendable {
    /// The token, and its bytes.
    package var piece: TokenPiece
    /// The natural logarithm of its probability.
    package var logprob: Double

    /// Creates the value from its parts.
    package init(piece: TokenPiece, logprob: Double) {
        self.piece = piece
        self.logprob = logprob
    }
}

/// A complete answer.
package struct FinishedCompletion: Equatable, Sendable {
    /// Why an answer ended.
    package enum Reason: String, Equatable, Sendable {
        /// An end token or a stop string.
        case stop
        /// The token limit, or the end of the context.
        case length
    }

    /// Why it ended.
    package var reason: Reason
    /// Tokens of the prompt, template included.
    package var promptTokens: Int
    /// Tokens of the answer.
    package var completionTokens: Int
    /// The seed in force.
    package var seed: UInt64
    /// The rule in force.
    package var rule: RuleSettings
    /// The draft length in force.
    package var draftLength: DraftLength
    /// What speculation did.
    package var counts: SpeculationCounts
    /// Whether nodes without models made the answer up.
    package var isSynthetic: Bool

    /// Creates the value from its parts.
    package init(
        reason: Reason,
        promptTokens: Int,
        completionTokens: Int,
        seed: UInt64,
        rule: RuleSettings,
        draftLength: DraftLength,
        counts: SpeculationCounts,
        isSynthetic: Bool = false
    ) {
        self.reason = reason
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
        self.seed = seed
        self.rule = rule
        self.draftLength = draftLength
        self.counts = counts
        self.isSynthetic = isSynthetic
    }
}
