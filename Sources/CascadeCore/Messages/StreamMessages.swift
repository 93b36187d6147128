/// A piece of an answer. Concatenating deltas by offset gives the report's tokens and text.
package struct Delta: Equatable, Sendable {
    /// The job.
    package var job: JobID
    /// Where the job stands.
    package var state: JobState
    /// What a queued job waits for, for people; empty else.
    package var note: String
    /// Tokens of the answer before this delta.
    package var tokenOffset: UInt32
    /// Bytes of text before this delta.
    package var byteOffset: UInt32
    /// Committed tokens.
    package var tokens: [Token]
    /// Where each of them came from.
    package var origins: [Origin]
    /// Released text: what can no longer become part of a stop string or of half a character.
    package var text: [UInt8]
    /// How each of the tokens came to be; empty where the job did not ask.
    package var explanations: [Explanation]
    /// How far the prompt is read, now and then before the first token; nil where that is not known.
    package var prompt: PromptReading?

    /// Creates the value from its parts.
    package init(
        job: JobID,
        state: JobState,
        note: String,
        tokenOffset: UInt32,
        byteOffset: UInt32,
        tokens: [Token],
        origins: [Origin],
        text: [UInt8],
        explanations: [Explanation] = [],
        prompt: PromptReading? = nil
    ) {
        self.job = job
        self.state = state
        self.note = note
        self.tokenOffset = tokenOffset
        self.byteOffset = byteOffset
        self.tokens = tokens
        self.origins = origins
        self.text = text
        self.explanations = explanations
        self.prompt = prompt
    }
}

/// The job has ended; no delta follows.
package struct Finished: Equatable, Sendable {
    /// The request this answers, 0 for a watcher.
    package var requestID: UInt64
    /// What came of it.
    package var report: JobReport

    /// Creates the value from its parts.
    package init(requestID: UInt64 = 0, report: JobReport) {
        self.requestID = requestID
        self.report = report
    }
}
