import CascadeClient
import CascadeCore

/// A client program: production's follower of a job, and what it has of the answer.
struct SimulatedClient: Sendable {
    /// How far it has come.
    enum Phase: Equatable, Sendable {
        /// Not begun.
        case idle
        /// Submits its job and follows it.
        case following
        /// Has its report, or was refused for good.
        case done
    }

    /// Long enough for every fault.
    private static let patience = 1e6

    var link: SimulatedLink
    /// As it was sent last: each attempt has request numbers of its own.
    private(set) var submit: Submit
    /// Cancels when it has that many tokens.
    var cancelsAt: Int?
    /// Whether its submission is nonsense, which must be refused.
    let isBad: Bool
    private(set) var phase = Phase.idle
    /// Until when it is gone.
    var awayUntil = Instant(nanoseconds: 0)
    /// Whether it has noticed that it is back.
    var isAway = false
    /// Until when it does not read.
    var fullUntil = Instant(nanoseconds: 0)
    /// What it was told to wait.
    var retryAt = Instant(nanoseconds: 0)
    /// Nil before it begins, and between two attempts.
    private var follower: JobFollower?
    private(set) var hasCancelled = false
    /// The same, or it did before it began anew: its job is still the one that it cancelled.
    private(set) var hasEverCancelled = false
    /// Its job's stream as far as it has it.
    private(set) var tokens: [Token] = []
    private(set) var text: [UInt8] = []
    /// The first report of its job that arrived.
    var report: JobReport?

    /// The job that it was last told to have.
    var accepted: JobID?

    init(link: SimulatedLink, submit: Submit, cancelsAt: Int?, isBad: Bool) {
        self.link = link
        self.submit = submit
        self.cancelsAt = cancelsAt
        self.isBad = isBad
    }

    /// Its job is to end after so long.
    mutating func setDeadline(milliseconds: UInt32) { submit.deadlineMilliseconds = milliseconds }
    /// Its job has penalties or a bias.
    mutating func setSampling(_ sampling: SamplingSettings) { submit.sampling = sampling }

    /// Its job's answer is constrained.
    mutating func setConstraint(_ constraint: OutputConstraint) { submit.constraint = constraint }
    /// Its job asks for log probabilities.
    mutating func setLogprobs(_ count: UInt32) { submit.logprobs = count }
    /// It submits what kills.
    mutating func takePoison(_ prompt: [UInt8], maxTokens: UInt32) {
        (submit.prompt, submit.maxTokens, submit.deadlineMilliseconds) = (prompt, maxTokens, nil)
    }

    /// The job that it follows.
    var job: JobID? { phase == .following ? follower?.job : nil }

    /// Time has passed: goes on, or begins.
    mutating func tick(at now: Instant) -> [JobFollower.Action] {
        guard phase != .done, now >= retryAt else { return [] }
        guard follower != nil else { return begin(at: now) }
        var actions: [JobFollower.Action] = []
        if let cancelsAt, !hasCancelled, job != nil, tokens.count >= cancelsAt {
            (hasCancelled, hasEverCancelled) = (true, true)
            actions += follower?.handle(.cancel(isWithdrawn: false), at: now) ?? []
        }
        return actions + (follower?.handle(.tick, at: now) ?? [])
    }

    /// Feeds its follower.
    mutating func handle(_ event: JobFollower.Event, at now: Instant) -> [JobFollower.Action] {
        follower?.handle(event, at: now) ?? []
    }

    private mutating func begin(at now: Instant) -> [JobFollower.Action] {
        phase = .following
        submit.requestID += 1 << 20
        (tokens, text, report, hasCancelled) = ([], [], nil, false)
        follower = JobFollower(submit: submit, patience: Self.patience, now: now)
        return follower?.start(at: now) ?? []
    }

    /// Its job is gone, or was not taken: it begins anew.
    mutating func beginAnew(at instant: Instant) {
        follower = nil
        retryAt = instant
    }

    /// A cancellation was not confirmed: it goes on with what the job comes to.
    mutating func watch(_ job: JobID, at now: Instant) -> [JobFollower.Action] {
        submit.requestID += 1 << 20
        (tokens, text) = ([], [])
        follower = JobFollower(job: job, requestID: submit.requestID, patience: Self.patience, now: now)
        return follower?.start(at: now) ?? []
    }

    /// It has its report, or was refused for good.
    mutating func finish() {
        phase = .done
        follower = nil
    }

    /// Takes a new part of the stream.
    mutating func take(_ part: JobFollower.StreamPart) {
        tokens += part.tokens
        text += part.text
    }

    /// What is wrong with a message of the stream, beside what is there already.
    func problem(of delta: Delta) -> String? {
        guard delta.tokens.count == delta.origins.count else {
            return "\(delta.tokens.count) tokens with \(delta.origins.count) origins"
        }
        guard delta.explanations.count == (submit.wantsExplanations ? delta.tokens.count : 0) else {
            return "\(delta.tokens.count) tokens with \(delta.explanations.count) explanations"
        }
        guard delta.tokenOffset <= tokens.count, delta.byteOffset <= text.count else { return nil }
        let knownTokens = tokens[Int(delta.tokenOffset)...]
        let knownText = text[Int(delta.byteOffset)...]
        guard knownTokens.starts(with: delta.tokens.prefix(knownTokens.count)) || delta.tokens.starts(with: knownTokens)
        else { return "tokens at offset \(delta.tokenOffset) changed from \(Array(knownTokens)) to \(delta.tokens)" }
        guard knownText.starts(with: delta.text.prefix(knownText.count)) || delta.text.starts(with: knownText)
        else { return "text at offset \(delta.byteOffset) changed from \(Array(knownText)) to \(delta.text)" }
        return nil
    }

    /// What is wrong with the log probabilities of a message of the stream: every token has those of the expert's row
    /// behind the very tokens before it, unless a drafter's word was enough for it.
    func logprobProblem(of delta: Delta, _ language: ToyLanguage) -> String? {
        guard delta.tokenOffset <= tokens.count else { return nil }
        var prefix = ToyLanguage.tokens(ofPrompt: submit.prompt) + tokens[..<Int(delta.tokenOffset)]
        for (index, told) in delta.explanations.enumerated() {
            let token = delta.tokens[index]
            defer { prefix.append(token) }
            let isTold = submit.logprobs != nil && !(submit.rule.rule.isSequential && delta.origins[index] == .kept)
            guard isTold == (told.logprobs != nil) else {
                return "token \(token) \(isTold ? "lacks" : "has") log probabilities"
            }
            if (told.draft != nil) && !submit.rule.explains { return "token \(token) is explained, and nobody asked" }
            guard let logprobs = told.logprobs else { continue }
            let row = language.expertRow(PrefixHash.extend(PrefixHash.empty, prefix), last: prefix.last ?? 0)
            if let problem = logprobs.problem(token, row, top: Int(submit.logprobs ?? 0)) {
                return "\(problem) behind \(prefix.count) tokens"
            }
        }
        return nil
    }

    /// What is wrong with a report beside the stream.
    func problem(of report: JobReport) -> String? {
        guard report.tokens.starts(with: tokens) else {
            return "the report's tokens \(report.tokens) do not begin with the stream's \(tokens)"
        }
        guard report.text.starts(with: text) else {
            return "the report's text \(report.text) does not begin with the stream's \(text)"
        }
        return nil
    }
}

extension TokenLogprobs {
    /// What is wrong with them beside the row that they are said to be of; rows of the toy language have every token,
    /// no two of which are equally likely but by chance.
    fileprivate func problem(_ committed: Token, _ row: Distribution, top count: Int) -> String? {
        let own = row.probability(of: committed)
        guard abs(token.value - Math.log(own)) < 1e-9 else {
            return "token \(committed) has log probability \(token.value), not \(Math.log(own)),"
        }
        let before = row.tokens.count { other in
            let probability = row.probability(of: other)
            return probability > own || (probability == own && other < committed)
        }
        guard token.rank == before + 1 else { return "token \(committed) has rank \(token.rank), not \(before + 1)," }
        guard bytes.map({ $0 == Array(ToyLanguage.vocabulary.bytes(of: committed)) }) == true else {
            return "token \(committed) has other bytes"
        }
        guard top.count == min(count, row.tokens.count) else { return "\(top.count) tokens are told, not \(count)," }
        let told = top.map { row.probability(of: $0.top.token) }
        let least = row.tokens.map { row.probability(of: $0) }.sorted(by: >).prefix(top.count)
        guard told == Array(least) else { return "the likeliest tokens are others than \(top.map(\.top.token))" }
        let isRight = top.allSatisfy { abs($0.top.value - Math.log(row.probability(of: $0.top.token))) < 1e-9 }
        return isRight ? nil : "the likeliest tokens have other log probabilities"
    }
}
