import CascadeCore

/// A client program: submits once, follows by offset, sends everything again that may be lost.
struct SimulatedClient: Sendable {
    /// How far it has come.
    enum Phase: Equatable, Sendable {
        /// Not begun.
        case idle
        /// Sends its job until it is accepted.
        case submitting
        /// Follows its job until it has all of it.
        case watching(JobID)
        /// Has its report, or was refused for good.
        case done
    }

    var link: SimulatedLink
    let submit: Submit
    /// Cancels when it has that many tokens.
    var cancelsAt: Int?
    /// Whether its submission is nonsense, which must be refused.
    let isBad: Bool
    var phase = Phase.idle
    /// Until when it is gone.
    var awayUntil = Instant(nanoseconds: 0)
    /// Until when it does not read.
    var fullUntil = Instant(nanoseconds: 0)
    /// What it was told to wait.
    var retryAt = Instant(nanoseconds: 0)
    /// Its job's stream as far as it has it.
    var tokens: [Token] = []
    var text: [UInt8] = []
    var report: JobReport?
    var ticks = 0
    /// Counts requests about jobs, and how many there were before its present job: refusals of those are out of date.
    var lastRequest: UInt64 = 1000
    var requestsBeforeJob: UInt64 = 1000

    /// The job that it was last told to have.
    var accepted: JobID?

    var job: JobID? {
        if case .watching(let job) = phase { return job }
        return nil
    }

    /// Whether it wants to cancel now.
    var isCancelling: Bool {
        guard let cancelsAt, report == nil, job != nil else { return false }
        return tokens.count >= cancelsAt
    }

    /// Its job is gone: it begins anew.
    mutating func beginAnew() {
        requestsBeforeJob = lastRequest
        phase = .submitting
        tokens = []
        text = []
        report = nil
    }

    /// Takes a piece of the stream; says what is wrong with it.
    mutating func take(_ delta: Delta) -> String? {
        guard delta.tokens.count == delta.origins.count else {
            return "\(delta.tokens.count) tokens with \(delta.origins.count) origins"
        }
        guard delta.explanations.count == (submit.rule.explains ? delta.tokens.count : 0) else {
            return "\(delta.tokens.count) tokens with \(delta.explanations.count) explanations"
        }
        // Behind a gap nothing is taken: the next watch asks for what is missing.
        guard delta.tokenOffset <= tokens.count, delta.byteOffset <= text.count else { return nil }
        let knownTokens = tokens[Int(delta.tokenOffset)...]
        let knownText = text[Int(delta.byteOffset)...]
        guard knownTokens.starts(with: delta.tokens.prefix(knownTokens.count)) || delta.tokens.starts(with: knownTokens)
        else { return "tokens at offset \(delta.tokenOffset) changed from \(Array(knownTokens)) to \(delta.tokens)" }
        guard knownText.starts(with: delta.text.prefix(knownText.count)) || delta.text.starts(with: knownText)
        else { return "text at offset \(delta.byteOffset) changed from \(Array(knownText)) to \(delta.text)" }
        tokens += delta.tokens.dropFirst(knownTokens.count)
        text += delta.text.dropFirst(knownText.count)
        return nil
    }

    /// Whether the stream is all of the report, and what is wrong where it is more than it.
    func compare(_ report: JobReport) -> (isComplete: Bool, problem: String?) {
        guard report.tokens.starts(with: tokens) else {
            return (false, "the report's tokens \(report.tokens) do not begin with the stream's \(tokens)")
        }
        guard report.text.starts(with: text) else {
            return (false, "the report's text \(report.text) does not begin with the stream's \(text)")
        }
        return (tokens.count == report.tokens.count && text.count == report.text.count, nil)
    }
}
