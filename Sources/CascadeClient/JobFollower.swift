package import CascadeCore

/// Follows one job to its end, whatever happens to the connection: a submission is repeated under its key until it is
/// accepted, and a watch from the offset in hand repairs whatever was lost on the way.
///
/// A pure machine: it is told what happens and what time it is, and says what to do.
///
/// | state | hears | does |
/// |---|---|---|
/// | submitting | nothing for a second, a new connection | submits again |
/// | submitting | accepted | follows the job |
/// | following | a part of the stream behind a gap, nothing for a second, a new connection | watches from where it is |
/// | following | finished | hands out what the stream lacked, and the report |
/// | any | a refusal of its last request | ends |
/// | any | cancel | takes a submission back that has not left, else cancels the job until that is confirmed |
package struct JobFollower: Sendable {
    /// What happens to it.
    package enum Event: Sendable {
        /// A connection to the coordinator stands.
        case connected
        /// It stands no more.
        case disconnected
        /// The coordinator said something.
        case message(Message)
        /// A quarter of a second passed, or so.
        case tick
        /// The user wants the job's end. `isWithdrawn` says that its submission never left and never will; see
        /// ``mayWithdraw``.
        case cancel(isWithdrawn: Bool)
    }

    /// What is to be done about it, in this order.
    package enum Action: Sendable {
        /// Send to the coordinator. All requests may be repeated.
        case send(Message)
        /// New tokens of the answer and their text, in order, each once.
        case stream(StreamPart)
        /// The job was accepted.
        case accepted(Accepted)
        /// What the job waits for.
        case waiting(String)
        /// How far its prompt is read; ends with the first part of the answer.
        case reading(ReadingPace)
        /// The coordinator does not answer; it is tried again.
        case unreachable
        /// The coordinator answers again.
        case reachable
        /// Nothing more will come.
        case end(Ending)
    }

    /// A part of an answer.
    package struct StreamPart: Equatable, Sendable {
        /// The tokens.
        package var tokens: ArraySlice<Token>
        /// Where each came from.
        package var origins: ArraySlice<Origin>
        /// What is told of each; empty where the job did not ask.
        package var explanations: ArraySlice<Explanation>
        /// Text, which may come later than its tokens.
        package var text: ArraySlice<UInt8>
    }

    /// How following a job ends.
    package enum Ending: Equatable, Sendable {
        /// The job has ended.
        case report(JobReport)
        /// The coordinator said no.
        case refused(Refused)
        /// The submission was taken back before it left, or the coordinator answered.
        case withdrawn
        /// The job goes on, and nobody here follows it.
        case left
        /// The coordinator did not confirm the cancellation.
        case cancellationUnconfirmed
        /// The coordinator was silent for too long.
        case unreachable
    }

    /// Silence behind which a request is repeated, and what a trusted connection says at least.
    private static let repeatMilliseconds = 1_000.0
    private static let keepAliveMilliseconds = 30_000.0
    /// Silence behind which the user is told, and a cancellation given up.
    private static let silenceMilliseconds = 3_000.0
    /// Times that a finished job is asked for explanations that got lost on the way.
    private static let mostReplays = 3

    /// What is submitted; nil where a job that is there already is followed.
    private let submit: Submit?
    private let patienceMilliseconds: Double
    /// The job, once it is known.
    package private(set) var job: JobID?
    /// Tokens and bytes of text that were handed out.
    package private(set) var tokenCount: UInt32 = 0
    package private(set) var byteCount: UInt32 = 0
    private var explanationCount = 0
    private var lastHeard: Instant
    private var lastSent: Instant
    private var standstill: StandstillWatch
    private var toldUnreachable = false
    private var lastNote = ""
    private var reading = ReadingPace()
    /// Of the last request: a late refusal of an earlier one says nothing about the job.
    private var requestID: UInt64
    private var isCancelling = false
    private var isConnected = false
    private var replays = 0
    private var actions: [Action] = []

    /// Follows a new job, which a cancel ends. Its further requests have the numbers that follow the submission's.
    ///
    /// - Parameter patience: seconds without any answer after which the coordinator counts as unreachable.
    package init(submit: Submit, patience: Double, now: Instant) {
        self.init(submit: submit, job: nil, requestID: submit.requestID, patience: patience, now: now)
    }

    /// Follows a job that is there already, from its beginning; a cancel leaves it alone.
    ///
    /// - Parameter patience: seconds without any answer after which the coordinator counts as unreachable.
    package init(job: JobID, requestID: UInt64, patience: Double, now: Instant) {
        self.init(submit: nil, job: job, requestID: requestID, patience: patience, now: now)
    }

    private init(submit: Submit?, job: JobID?, requestID: UInt64, patience: Double, now: Instant) {
        self.submit = submit
        self.job = job
        self.requestID = requestID
        patienceMilliseconds = patience * 1_000
        lastHeard = now
        lastSent = now
        standstill = StandstillWatch(now: now)
    }

    /// Whether a submission that has not left may be taken back instead of being cancelled.
    package var mayWithdraw: Bool { submit != nil && job == nil && !isConnected }

    /// Begins; returns what to do.
    package mutating func start(at now: Instant) -> [Action] {
        defer { actions = [] }
        repeatRequest(at: now)
        return actions
    }

    /// Takes one event and returns what to do about it.
    package mutating func handle(_ event: Event, at now: Instant) -> [Action] {
        defer { actions = [] }
        if standstill.look(now: now) {
            // The coordinator may have said much since, or have forgotten who asked: it has its time anew.
            lastHeard = now
            repeatRequest(at: now)
        }
        switch event {
        case .connected:
            isConnected = true
            repeatRequest(at: now)
        case .disconnected: isConnected = false
        case .message(let message):
            noteLife(at: now)
            take(message, at: now)
        case .tick: passTime(at: now)
        case .cancel(let isWithdrawn): cancel(isWithdrawn, at: now)
        }
        return actions
    }

    private mutating func noteLife(at now: Instant) {
        lastHeard = now
        if toldUnreachable {
            toldUnreachable = false
            actions.append(.reachable)
        }
    }

    // MARK: Messages

    private mutating func take(_ message: Message, at now: Instant) {
        switch message {
        case .accepted(let accepted) where accepted.requestID == submit?.requestID && job == nil:
            job = accepted.job
            actions.append(.accepted(accepted))
            if isCancelling { repeatRequest(at: now) }
        case .delta(let delta) where delta.job == job: take(delta, at: now)
        case .finished(let finished) where finished.report.job == job: take(finished.report, at: now)
        case .refused(let refused) where refused.requestID == 0 || refused.requestID == requestID:
            actions.append(.end(.refused(refused)))
        default: break
        }
    }

    private mutating func take(_ delta: Delta, at now: Instant) {
        if delta.note != lastNote {
            lastNote = delta.note
            if !delta.note.isEmpty { actions.append(.waiting(delta.note)) }
        }
        if let prompt = delta.prompt, tokenCount == 0 {
            reading.take(prompt, at: now)
            actions.append(.reading(reading))
        }
        // Overlap is cut, a gap is asked for again.
        let knownText = Int(byteCount) - Int(delta.byteOffset)
        let knownTokens = Int(tokenCount) - Int(delta.tokenOffset)
        guard knownText >= 0, knownTokens >= 0 else { return repeatRequest(at: now) }
        let isExplained = delta.explanations.count == delta.tokens.count
        let part = StreamPart(
            tokens: delta.tokens.dropFirst(knownTokens),
            origins: delta.origins.dropFirst(knownTokens),
            explanations: isExplained ? delta.explanations.dropFirst(knownTokens) : [],
            text: delta.text.dropFirst(knownText)
        )
        guard !part.tokens.isEmpty || !part.text.isEmpty else { return }
        tokenCount += UInt32(part.tokens.count)
        byteCount += UInt32(part.text.count)
        explanationCount += part.explanations.count
        actions.append(.stream(part))
    }

    /// The report has all tokens and all text, but not what else is told of them: that is asked for again.
    private mutating func take(_ report: JobReport, at now: Instant) {
        // Whoever follows a job that others submitted knows from the first of them that there are some.
        let isExplained = submit?.wantsExplanations ?? (explanationCount > 0)
        if isExplained, explanationCount < report.tokens.count, replays < Self.mostReplays {
            replays += 1
            isCancelling = false
            return repeatRequest(at: now)
        }
        let part = StreamPart(
            tokens: report.tokens.dropFirst(Int(tokenCount)),
            origins: [],
            explanations: [],
            text: report.text.dropFirst(Int(byteCount))
        )
        if !part.tokens.isEmpty || !part.text.isEmpty { actions.append(.stream(part)) }
        actions.append(.end(.report(report)))
    }

    // MARK: Time

    private mutating func passTime(at now: Instant) {
        let quiet = now.milliseconds(since: lastSent)
        let silence = now.milliseconds(since: lastHeard)
        let isRepeated = quiet > Self.repeatMilliseconds && silence > Self.repeatMilliseconds
        // The coordinator trusts connections that say something now and then.
        if isRepeated || quiet > Self.keepAliveMilliseconds { repeatRequest(at: now) }
        guard silence > min(Self.silenceMilliseconds, patienceMilliseconds) else { return }
        if !toldUnreachable {
            toldUnreachable = true
            actions.append(.unreachable)
        }
        if isCancelling {
            actions.append(.end(.cancellationUnconfirmed))
        } else if silence > patienceMilliseconds {
            actions.append(.end(.unreachable))
        }
    }

    private mutating func cancel(_ isWithdrawn: Bool, at now: Instant) {
        guard submit != nil else {
            actions.append(.end(.left))
            return
        }
        // A submission that is on its way is waited for: nobody else would cancel its job. One that has not left does
        // not leave any more.
        if isCancelling || isWithdrawn {
            actions.append(.end(.withdrawn))
            return
        }
        isCancelling = true
        repeatRequest(at: now)
    }

    private mutating func repeatRequest(at now: Instant) {
        lastSent = now
        guard let job else {
            if let submit { actions.append(.send(.submit(submit))) }
            return
        }
        requestID += 1
        if isCancelling {
            actions.append(.send(.cancel(Cancel(requestID: requestID, job: job))))
        } else {
            let watch = Watch(requestID: requestID, job: job, tokenOffset: tokenCount, byteOffset: byteCount)
            actions.append(.send(.watch(watch)))
        }
    }
}
