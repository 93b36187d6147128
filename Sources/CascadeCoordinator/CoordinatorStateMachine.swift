package import CascadeCore
import OrderedCollections

/// The coordinator: all decisions of a cluster, as a value.
///
/// It is fed events and returns actions. It does no I/O, reads no clock (every event comes with the time) and draws no
/// random numbers but from the seed it was given: the same events give the same actions. The driver performs the
/// actions in order, feeds ``Event/tick`` when ``nextDeadline`` has come, and reports sends that failed.
///
/// Nothing that a peer sends can trap it: what breaks a rule is refused, counted or ends one job. Everything that can
/// grow is bounded by ``CoordinatorLimits``. The tables of states and events are in `Transitions.md`.
package struct CoordinatorStateMachine: Sendable {
    /// Random per process start; part of every fence.
    package let boot: UInt64
    /// The bounds in force.
    package let limits: CoordinatorLimits
    /// Version and commit, for people.
    let software: String
    /// When the process started.
    let startedAt: Instant
    /// Whether the driver writes ``Action/journal(_:)`` down. Without, jobs die with the process.
    let keepsJournal: Bool
    /// Random numbers of a sequence, by its spec.
    let draws: @Sendable (SequenceSpec) -> any DrawSource

    /// How often each transition occurred.
    package internal(set) var transitions = TransitionCounts()
    /// What speculation did since start, by rule.
    var totalsByRule: OrderedDictionary<RuleSettings.Rule, SpeculationCounts> = [:]
    /// Tokens of the prompts that were given room since start.
    var promptTokens: UInt64 = 0
    /// What speculation did since start.
    package var totals: SpeculationCounts { totalsByRule.values.reduce(into: SpeculationCounts()) { $0.add($1) } }
    /// When to feed a tick at the latest; nil after ``Action/exit``.
    package private(set) var nextDeadline: Instant?

    var now: Instant
    var actions: [Action] = []
    var identifiers: IdentifierStream
    var lastSpecID: UInt64 = 0
    var lastPing: UInt64 = 0
    var lastJobNumber: UInt64 = 0
    var nextHeartbeat: Instant
    private(set) var hasExited = false

    var nodes = NodeTable()
    /// How nodes behave, beyond the life of their processes.
    var conducts = NodeConducts()
    /// What nodes of one name agree on, and what is known of pools that are gone.
    var pools = PoolTable()
    /// Jobs that have not ended, oldest first.
    var jobs = JobTable()
    /// Those whose prompts are no tokens yet.
    var prompts = PromptQueue()
    /// The prompt that is to be read once it is on disk that its job is taken up.
    var heldTokenization: Tokenization?
    /// What nodes have not answered.
    var requests = OutstandingRequests()
    var finished = FinishedJobs()
    var finishedCount: UInt64 = 0
    var constraintVerdicts = ConstraintVerdicts()
    /// The last answers to those who cancelled several jobs at once, oldest first.
    var cancellations: [(peer: PeerID, answer: JobsCancelled)] = []
    /// What clients are told once it is on disk.
    var gate: JournalGate

    /// Creates a coordinator without nodes and jobs.
    ///
    /// - Parameters:
    ///   - boot: random per process start.
    ///   - limits: sound ones: a `problem` is a programming error.
    ///   - seedForJobs: random and secret; job ids and seeds come from it.
    ///   - software: version and commit.
    ///   - keepsJournal: whether records are written down, and ``Event/restored(_:)`` comes first.
    ///   - draws: where a sequence's random numbers come from; the seam for exhaustive tests.
    package init(
        boot: UInt64,
        limits: CoordinatorLimits = CoordinatorLimits(),
        seedForJobs: UInt64,
        software: String,
        now: Instant,
        keepsJournal: Bool = false,
        draws: @escaping @Sendable (SequenceSpec) -> any DrawSource = { PhiloxDraws(seed: $0.seed) }
    ) {
        precondition(limits.problem == nil, "unsound limits: \(limits.problem ?? "")")
        self.boot = boot
        self.limits = limits
        self.software = software
        self.keepsJournal = keepsJournal
        self.draws = draws
        self.now = now
        startedAt = now
        gate = JournalGate(mostBytes: limits.heldBytes)
        identifiers = IdentifierStream(seed: seedForJobs)
        // Nodes that know a sequence from an earlier coordinator must not take its old spec for the new one.
        lastSpecID = identifiers.next() >> 1
        nextHeartbeat = now.advanced(milliseconds: limits.heartbeatMilliseconds)
        nextDeadline = nextHeartbeat
    }

    /// Takes one event and returns what to do about it, in order. Time never runs backwards: an earlier `now` than the
    /// last counts as the last.
    package mutating func handle(_ event: Event, at now: Instant) -> [Action] {
        guard !hasExited else { return [] }
        self.now = max(self.now, now)
        noticePause()
        let isOnTrial = jobs.trial != nil
        switch event {
        case .message(let message, let peer, let principal): receive(message, from: peer, principal)
        case .peerLost(let peer): losePeer(peer)
        case .peerFull(let peer): dropWatchers(of: peer)
        case .tokenized(let job, let prompt): takePrompt(prompt, of: job)
        case .vocabulary(let pool, let tokenizer, let vocabulary): learn(vocabulary, of: tokenizer, inPool: pool)
        case .vocabularyFailed(let pool, let problem): giveUpTokenizer(of: pool, because: problem)
        case .restored(let jobs): restore(jobs)
        case .keysKnown(let principals): followKeys(principals)
        case .journaled(let record): takeJournaled(upTo: record)
        case .tick: passTime()
        case .endJobs: endJobs()
        case .shutdown: shutDown()
        }
        if !hasExited {
            schedule()
            if case .tokenized(let job, _) = event { putDownUnlessInWork(job) }
            // Whoever waited for the end of the trial: a prompt, or a sequence.
            if isOnTrial, jobs.trial == nil {
                readNextPrompt()
                schedule()
            }
        }
        // Behind the event, so that nobody who walks the watchers is disturbed.
        for peer in gate.takeUnserved() { dropWatchers(of: peer) }
        nextDeadline = hasExited ? nil : earliestDeadline
        defer { actions = [] }
        return actions
    }

    private mutating func receive(_ message: Message, from peer: PeerID, _ sender: Principal) {
        let behalf = message.onBehalfOf
        let acting = if let behalf { sender.acting(for: behalf.owner) } else { Optional(sender) }
        guard let principal = acting else {
            let text = """
                only a key of role gateway may name the owner that it asks for, by 1 to \(JobOwner.mostNamedBytes) \
                letters, digits, '.', '-' and '_'
                """
            refuse(peer, .forbidden, text, requestID: behalf?.requestID ?? 0)
            return
        }
        switch message {
        case .hello, .ready, .pong, .tokenizerChunk, .drafted, .verified, .missing, .failed, .goodbye:
            receiveFromNode(message, peer)
        case .submit(let submit): self.submit(submit, from: peer, principal)
        case .watch(let watch): self.watch(watch, from: peer, principal)
        case .cancel(let cancel): self.cancel(cancel, from: peer, principal)
        case .cancelJobs(let request): cancelJobs(request, from: peer, principal)
        case .statusRequest(let request): answer(request, to: peer, principal)
        case .jobsRequest(let request): answer(request, to: peer, principal)
        case .nodesRequest(let request): answer(request, to: peer, principal)
        case .drainNode(let request): drainNode(request, from: peer, principal)
        case .welcome, .refused, .ping, .draft, .verify, .release, .drain, .accepted, .delta, .finished,
            .jobsCancelled, .jobList, .nodeList, .clusterStatus:
            // Not answered: two coordinators that talk to each other by mistake would never stop.
            transitions.count(.messageUnexpected)
        }
    }

    private mutating func receiveFromNode(_ message: Message, _ peer: PeerID) {
        if case .hello(let hello) = message {
            takeHello(hello, from: peer)
            return
        }
        guard let node = nodes.handle(of: peer) else {
            answerUnknownNode(message, peer)
            return
        }
        nodes.change(node) { [now] in $0.hear(at: now) }
        switch message {
        case .ready(let ready): takeReady(ready, from: node)
        case .pong(let pong): takePong(pong, from: node)
        case .tokenizerChunk(let chunk): takeChunk(chunk, from: node)
        case .drafted(let drafted): takeDraft(drafted, from: node)
        case .verified(let verified): takeVerdict(verified, from: node)
        case .missing(let missing): takeMissing(missing, from: node)
        case .failed(let failed): takeFailure(failed, from: node)
        case .goodbye(let goodbye): takeGoodbye(goodbye, from: node)
        default: break
        }
    }

    private mutating func endJobs() {
        let error = JobError(code: .shuttingDown, message: "the coordinator is shutting down; submit again")
        for id in jobs.keys { finish(id, .error, error) }
    }

    /// Jobs stay in the journal for the next coordinator; without one, all end with an error. Nodes keep their caches.
    private mutating func shutDown() {
        if !keepsJournal { endJobs() }
        putAllDown()
        if jobs.count > 0 {
            log(.info, "pending jobs stay in the journal", LogField("pending", "\(jobs.count)"))
        }
        actions.append(.exit)
        hasExited = true
    }

    // MARK: Actions

    /// - Parameter tellsOfJob: whether it says something of a job that a crash must not undo, whatever the message.
    mutating func send(_ message: Message, to peer: PeerID, tellsOfJob: Bool = false) {
        if gate.admits(message, to: peer, tellsOfJob: tellsOfJob) { actions.append(.send(message, to: peer)) }
    }

    mutating func send(_ message: Message, to node: NodeHandle) {
        guard let peer = nodes[node]?.peer else { return }
        actions.append(.send(message, to: peer))
    }

    mutating func refuse(
        _ peer: PeerID,
        _ code: RefusalCode,
        _ message: String,
        requestID: UInt64 = 0,
        retryAfterMilliseconds: UInt32 = 0,
        tellsOfJob: Bool = false
    ) {
        let refused = Refused(
            code: code,
            message: message,
            requestID: requestID,
            retryAfterMilliseconds: retryAfterMilliseconds
        )
        send(.refused(refused), to: peer, tellsOfJob: tellsOfJob)
    }

    mutating func log(_ level: LogLevel, _ message: String, _ fields: LogField...) {
        actions.append(.log(level, message, fields))
    }
}
