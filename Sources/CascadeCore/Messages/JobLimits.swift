/// What a job may ask for, at most: the one place for these numbers. A client refuses at once what is beyond them, the
/// wire has room for all that is within, and the coordinator has the last word, in the same words.
package struct JobLimits: Equatable, Sendable {
    /// Bytes of the prompt and the system message together, or of all texts of a conversation with its JSON.
    package var promptBytes = 1 << 20
    /// Messages of a conversation.
    package var messages = 2_048
    /// Text parts of all messages of a conversation.
    package var textParts = 4_096
    /// Tool calls of all messages of a conversation.
    package var toolCalls = 4_096
    /// Bytes of a name in a conversation: of a speaker, a function, a call.
    package var nameBytes = 256
    /// Tokens of an answer.
    package var answerTokens = 32_768
    /// Stop strings.
    package var stopStrings = 16
    /// Bytes of a stop string.
    package var stopBytes = 256
    /// Bytes of a pool's name.
    package var poolBytes = 128
    /// Tokens drafted per round.
    package var draftTokens = 32
    /// Tokens of an answer of which it can be told how each came to be, or how likely it was.
    package var explainedTokens = 2_048
    /// Likeliest tokens that are told with each token of an answer.
    package var logprobs = Logprobs.most
    /// Bytes of a grammar or a JSON schema.
    package var constraintBytes = 64 << 10
    /// Answers to one prompt that have random streams of their own under one seed.
    package var samples: UInt32 = 1_024
    /// Milliseconds of a deadline: a week.
    package var deadlineMilliseconds: UInt32 = 604_800_000

    /// The limits that clients know, and coordinators have unless they are told others.
    package static let standard = JobLimits()

    /// The standard limits, to be changed one by one.
    package init() {}

    /// What is too much, or nothing, in a submission, in words for the user; nil when it is within the limits.
    package func problem(of submit: Submit) -> String? {
        if let problem = conversationProblem(of: submit) { return problem }
        let promptBytes = submit.promptBytes
        if promptBytes > self.promptBytes {
            return "prompt and system message may have at most \(self.promptBytes) bytes, not \(promptBytes)"
        }
        if !(1...answerTokens).contains(Int(submit.maxTokens)) {
            return "max tokens must be between 1 and \(answerTokens), not \(submit.maxTokens)"
        }
        if case .fixed(let count) = submit.draftLength, Int(count) > draftTokens {
            return "at most \(draftTokens) tokens are drafted per round, not \(count)"
        }
        if submit.rule.explains, submit.maxTokens > explainedTokens {
            return "at most \(explainedTokens) tokens can be explained, not \(submit.maxTokens)"
        }
        if let problem = problem(ofLogprobs: submit.logprobs, maxTokens: submit.maxTokens) { return problem }
        if let problem = problem(of: submit.constraint) { return problem }
        if submit.sample >= samples { return "a sample's number must be 0 to \(samples - 1), not \(submit.sample)" }
        if let deadline = submit.deadlineMilliseconds, !(1...deadlineMilliseconds).contains(deadline) {
            let most = spanText(milliseconds: Double(deadlineMilliseconds))
            return "a deadline must be 1 ms to \(most), not \(spanText(milliseconds: Double(deadline)))"
        }
        return problem(ofPool: submit.pool) ?? problem(ofStops: submit.stop)
    }

    /// What is wrong with the log probabilities that are asked for.
    package func problem(ofLogprobs logprobs: UInt32?, maxTokens: UInt32) -> String? {
        guard let logprobs else { return nil }
        if logprobs > self.logprobs {
            return "log probabilities of at most \(self.logprobs) tokens can be told at each position, not \(logprobs)"
        }
        return maxTokens <= explainedTokens
            ? nil : "log probabilities of at most \(explainedTokens) tokens can be told, not \(maxTokens)"
    }

    /// What is wrong with a constraint's size; whether its text is sound is for those to say who read it.
    package func problem(of constraint: OutputConstraint?) -> String? {
        guard let constraint else { return nil }
        let bytes = constraint.text.utf8.count
        if constraint.kind == .jsonObject {
            return bytes == 0 ? nil : "any JSON object is asked for: no text goes with it"
        }
        return (1...constraintBytes).contains(bytes)
            ? nil : "a \(constraint.name) must have 1 to \(constraintBytes) bytes, not \(bytes)"
    }

    /// What is wrong with a pool's name.
    package func problem(ofPool name: String) -> String? {
        let bytes = name.utf8.count
        return (1...poolBytes).contains(bytes)
            ? nil : "the pool's name must have 1 to \(poolBytes) bytes, not \(bytes)"
    }

    /// What is wrong with stop strings.
    package func problem(ofStops stop: [[UInt8]]) -> String? {
        if stop.count > stopStrings { return "at most \(stopStrings) stop strings are possible, not \(stop.count)" }
        guard let wrong = stop.first(where: { !(1...stopBytes).contains($0.count) }) else { return nil }
        return "a stop string must have 1 to \(stopBytes) bytes, not \(wrong.count)"
    }
}
