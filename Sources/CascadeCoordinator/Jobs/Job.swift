import CascadeCore

/// A job that has not ended.
struct Job: Sendable {
    let id: JobID
    /// Counts jobs in the order they came.
    let number: UInt64
    let owner: JobOwner
    /// What the client asked for.
    @Boxed var submit: Submit
    let seed: UInt64
    /// The draft length in force.
    let draftLength: DraftLength
    /// When this coordinator accepted it, or found it in its journal.
    let acceptedAt: Instant
    /// How old it was then.
    private(set) var earlierMilliseconds = 0.0
    private(set) var stage = Stage.awaitingVocabulary
    /// Of a job whose rounds run.
    private(set) var sequence: ActiveSequence?
    private(set) var watchers: [Watcher] = []
    /// From acceptance to the first request to a node.
    private(set) var queueMilliseconds: Double?
    /// From acceptance to the first committed token.
    private(set) var firstTokenMilliseconds: Double?
    /// Whether an earlier coordinator accepted it.
    private(set) var isRestored = false
    /// What an earlier coordinator committed of its answer, until its rounds run here.
    private(set) var journaled: Boxed<JournaledAnswer>?
    /// Crashes of earlier coordinators with it in flight.
    private(set) var crashes = 0
    /// The experts that died while they worked on it, the last one last, one that died again too.
    private(set) var expertDeaths: [NodeIdentity] = []
    /// Whether it may be what crashed earlier coordinators: it is taken up when no other such job is in flight.
    private(set) var isSuspect = false
    private(set) var flight = Flight.notInFlight
    /// How far it has come.
    enum Stage: Sendable {
        /// Nobody knows the pool's tokenizer yet.
        case awaitingVocabulary
        /// The driver makes that tokenizer's tokens of the prompt.
        case tokenizing(TokenizerID)
        /// No expert has room for it; the prompt's tokens are known.
        case awaitingRoom(prompt: [Token])
        /// Its rounds run: it has a sequence. That is kept beside the stage: as a part of it, each change would copy
        /// its tokens.
        case running
    }

    /// Whether a crash of this coordinator counts for it.
    enum Flight: Equatable, Sendable {
        /// Nobody works on it.
        case notInFlight
        /// It is in flight, which is this record of the journal.
        case open(record: UInt64)
        /// It is in flight and does not count: it has shown that it does no harm, and the next one is tried.
        case acquitted
    }

    /// Where its sequence is, and what it takes there; nil where it has none.
    var placement: ActiveSequence.Placement? { sequence?.placement }

    /// Whether it has a sequence.
    var hasSequence: Bool { sequence != nil }

    /// Whether its rounds run.
    var isRunning: Bool {
        if case .running = stage { return true }
        return false
    }

    /// Whether somebody works on it: its prompt is being read, or its rounds run.
    var isInWork: Bool {
        switch stage {
        case .awaitingVocabulary, .awaitingRoom: false
        case .tokenizing, .running: true
        }
    }

    /// The prompt's tokens, once they are known; 0 before.
    var promptLength: Int {
        switch stage {
        case .awaitingVocabulary, .tokenizing: 0
        case .awaitingRoom(let prompt): prompt.count
        case .running: sequence?.spec.promptLength ?? 0
        }
    }

    /// Where a drafter stops: before a position whose largest probability is below this; 0 never stops.
    var minimumConfidence: Double {
        switch submit.rule.rule {
        case .tokenCascade: 1 - submit.rule.alpha
        case .sequentialChow: 0
        default: submit.draftMinimumConfidence
        }
    }

    /// Whether a round without a draft may change its bytes where they are promised to be the same otherwise: G3 and G4
    /// of decisions.md 7, and what sequential baselines take from drafts as it is.
    var needsItsDrafts: Bool {
        let rule = submit.rule
        if rule.rule.isSequential { return true }
        if rule.rule == .lossless, submit.sampling.temperature == 0 || rule.verifyMethod == .coupled { return false }
        return draftLength != .adaptive || rule.bonus == .rule
    }

    /// The answer so far, as far as it is certain.
    var answer: AnswerSoFar {
        if let journaled { return AnswerSoFar(journaled.wrappedValue) }
        guard let sequence, !sequence.isProvisional else { return AnswerSoFar() }
        return AnswerSoFar(sequence)
    }

    /// Milliseconds since it was accepted, without the time in which no coordinator ran.
    func age(at now: Instant) -> Double { earlierMilliseconds + now.milliseconds(since: acceptedAt) }

    /// When it ends, done or not; nil where it may take as long as it does. As its age, without the time in which no
    /// coordinator ran.
    var deadline: Instant? {
        submit.deadlineMilliseconds.map { milliseconds in
            let left = max(0, Double(milliseconds) - earlierMilliseconds)
            return acceptedAt.advanced(milliseconds: UInt64(left.rounded(.up)))
        }
    }

    /// Bytes that it costs while it waits.
    var bytes: Int { submit.byteCount }

    /// What clients are told.
    var state: JobState { isRunning ? .running : .queued }
}

/// What becomes of a job.
extension Job {
    init(id: JobID, _ accepted: AcceptedJob, at now: Instant) {
        self.init(
            id: id,
            number: accepted.number,
            owner: accepted.owner,
            submit: accepted.submit,
            seed: accepted.seed,
            draftLength: accepted.draftLength,
            acceptedAt: now
        )
    }

    /// An earlier coordinator accepted it, and perhaps committed some of its answer.
    ///
    /// - Parameter isSuspect: whether crashes are repeated, and it was in flight at one.
    mutating func restore(_ job: JournaledJob, isSuspect: Bool) {
        isRestored = true
        crashes = job.crashes
        expertDeaths = job.expertDeaths
        self.isSuspect = isSuspect
        guard let answer = job.answer else { return }
        journaled = Boxed(wrappedValue: answer)
        earlierMilliseconds = answer.ageMilliseconds
        queueMilliseconds = answer.start.queueMilliseconds
        firstTokenMilliseconds = answer.firstTokenMilliseconds
    }

    /// Its prompt is being read with a tokenizer.
    mutating func beginTokenizing(_ tokenizer: TokenizerID) { stage = .tokenizing(tokenizer) }

    /// Its tokenizer went away before its prompt was read.
    mutating func returnPrompt() { stage = .awaitingVocabulary }

    /// Its prompt has become tokens.
    mutating func awaitRoom(prompt: [Token]) { stage = .awaitingRoom(prompt: prompt) }

    /// Its rounds run from now on.
    mutating func begin(_ sequence: ActiveSequence) {
        stage = .running
        self.sequence = sequence
    }

    /// Changes its sequence where it is; nil where it has none.
    mutating func changeSequence<Result>(_ body: (inout ActiveSequence) -> Result) -> Result? {
        guard sequence != nil else { return nil }
        return body(&sequence!)
    }

    /// It is in flight, by a record of the journal.
    mutating func takeUp(record: UInt64) { flight = .open(record: record) }

    /// It is not in flight any more.
    mutating func putDown() { flight = .notInFlight }

    /// It goes on, and what crashes meanwhile is not its doing.
    mutating func acquit() {
        flight = .acquitted
        isSuspect = false
    }

    /// An expert died while it worked on it. More than a few are only known of where one node dies over and over.
    mutating func noteDeath(of expert: NodeIdentity) { expertDeaths = expertDeaths.suffix(7) + [expert] }

    /// A node is back that was only cut off. True where it had been taken for dead.
    mutating func forgiveDeath(of expert: NodeIdentity) -> Bool {
        let known = expertDeaths.count
        expertDeaths.removeAll { $0 == expert }
        return expertDeaths.count < known
    }

    /// What an earlier coordinator committed is in its sequence now.
    mutating func endRestoring() { journaled = nil }

    /// A node is asked for it, perhaps for the first time.
    mutating func noteRequest(at now: Instant) {
        if queueMilliseconds == nil { queueMilliseconds = age(at: now) }
    }

    /// Its answer has tokens that may be shown, perhaps for the first time.
    mutating func noteTokens(at now: Instant) {
        if firstTokenMilliseconds == nil { firstTokenMilliseconds = age(at: now) }
    }

    /// A client follows it from now on, or from another place than before. True where it did not before.
    mutating func follow(_ watcher: Watcher) -> Bool {
        if let known = watchers.firstIndex(where: { $0.peer == watcher.peer }) {
            watchers[known] = watcher
            return false
        }
        watchers.append(watcher)
        return true
    }

    /// A client follows it no more. True where it did.
    mutating func unfollow(_ peer: PeerID) -> Bool {
        guard let index = watchers.firstIndex(where: { $0.peer == peer }) else { return false }
        watchers.remove(at: index)
        return true
    }

    /// All who follow it have been sent its answer so far.
    mutating func noteDeltas(at now: Instant) {
        guard !watchers.isEmpty else { return }
        let (tokens, bytes) = (answer.tokens.count, answer.text.count)
        for index in watchers.indices {
            watchers[index].tokenOffset = tokens
            watchers[index].byteOffset = bytes
        }
        // A client that is sent something says nothing as long as it comes; one that is gone makes sends fail.
        noteWatchersAlive(at: now)
    }

    /// Nobody is taken for silent as yet.
    mutating func noteWatchersAlive(at now: Instant) {
        for index in watchers.indices { watchers[index].lastActive = now }
    }
}

/// A client that follows a job: two offsets, nothing more. What it gets is read from the sequence.
struct Watcher: Sendable {
    let peer: PeerID
    /// The public key that it showed; empty in a cluster without keys.
    let key: String
    var tokenOffset: Int
    var byteOffset: Int
    /// When it was last heard, or sent something that was new.
    var lastActive: Instant
}

extension Submit {
    /// Bytes that keeping it costs.
    var byteCount: Int {
        // What messages, their parts and their calls take beside their texts, about.
        let entries = conversation?.messages.reduce(0) { $0 + 3 + $1.content.count + 2 * $1.toolCalls.count } ?? 0
        let constraintBytes = constraint?.text.utf8.count ?? 0
        return promptBytes + constraintBytes + stop.reduce(0) { $0 + $1.count } + 48 * entries + 512
    }

    /// Whether a repeated submission asks for the same: everything but what belongs to the connection.
    func asksForTheSame(as other: Submit) -> Bool {
        var other = other
        other.requestID = requestID
        other.follow = follow
        if usesDefaultRule, other.usesDefaultRule {
            // The default may have changed with a restart; the job keeps the one that it was accepted with.
            (other.rule.rule, other.rule.alpha) = (rule.rule, rule.alpha)
        }
        return self == other
    }
}
