internal import CascadeCoordinator
internal import CascadeCore
internal import CascadeWire

/// A coordinator in the middle of its work, and peers that say anything to it.
///
/// It has a drafter and an expert, one expert that has only said hello, one that founds a pool and is asked for its
/// tokenizer; a job whose draft is under way, one whose verification is without a draft, one with two drafted tokens,
/// one that has ended. A message is tried from whoever may send its kind and from a stranger, as it is and with the
/// numbers that make it belong here: a hostile node knows what it was asked.
struct HostilePeers {
    private static let boot: UInt64 = 77
    private static let hash = Hash128(high: 1, low: 2)
    private static let vocabulary = Vocabulary(
        pieces: [[]] + (0..<26).map { [UInt8(97 + $0)] } + [[0xc3], [0xa9], Array("€x".utf8)],
        endTokens: [0],
        hash: hash
    )
    private static let client = PeerID(Array("client".utf8))
    private static let stranger = PeerID(Array("stranger".utf8))
    private static let late = PeerID(Array("late".utf8))
    private static let founder = PeerID(Array("founder".utf8))

    private var machine: CoordinatorStateMachine
    private var now = Instant(nanoseconds: 1_000_000_000_000)
    /// Requests that nodes were sent, by the fences that an answer needs.
    private var asked: [(request: Message, node: PeerID)] = []
    private var jobs: [JobID] = []
    private var lastKey: UInt64 = 0
    /// Whether clients are told what a journal says, whose pool may have had another vocabulary.
    private var tellsOfJournal = false
    /// What was written down.
    private var written: [JournalRecord] = []

    /// Lets the coordinator meet a message; throws where it does not stay within its bounds.
    static func judge(_ message: Message) throws(FuzzFailure) {
        let prepared = try Self.prepared.get()
        for (message, peer) in prepared.aimed(message) {
            var peers = prepared
            try peers.endure(message, from: peer)
        }
    }

    private static let prepared = Result { () throws(FuzzFailure) in try HostilePeers() }

    // MARK: Before the message

    /// Lets a new coordinator find records, and meet their client and a node.
    static func goOn(with records: [JournalRecord], damaged: [JobID: String]) throws(FuzzFailure) {
        var peers = HostilePeers(machine: makeMachine())
        peers.tellsOfJournal = true
        try peers.feed(.restored(JournaledJob.jobs(records, damaged: damaged)))
        let job = records.first?.job ?? JobID(rawValue: 1)
        try peers.feed(.watch(Watch(requestID: 1, job: job, tokenOffset: 0, byteOffset: 0)), from: client)
        for case .accepted(let accepted) in records.map(\.entry) {
            try peers.feed(.submit(accepted.submit), from: client)
        }
        try peers.joinPair()
        try peers.feed(.cancel(Cancel(requestID: 2, job: job)), from: client)
        try peers.feed(.shutdown)
    }

    /// The records of a job that was begun with this very expert.
    static var unfinished: [JournalRecord.Entry] {
        let submit = submission("begun", .fixed(4), key: 77)
        let tokens = tokens(of: submit.prompt)
        let expert = hello("expert", .expert)
        let start = AnswerStart(
            promptHash: PrefixHash.extend(PrefixHash.empty, tokens),
            maxTokens: submit.maxTokens,
            vocabularyHash: expert.vocabularyHash,
            vocabularyCount: expert.vocabularyCount,
            modelFingerprint: expert.modelFingerprint,
            numericsID: expert.numericsID,
            modelName: expert.modelName,
            isSynthetic: false,
            queueMilliseconds: 1
        )
        func committed(_ start: AnswerStart?, offset: UInt32, _ tokens: [Token], text: String) -> JournalRecord.Entry {
            .committed(
                CommittedTokens(
                    start: start,
                    offset: offset,
                    tokens: tokens,
                    origins: tokens.map { _ in .expert },
                    explanations: [],
                    text: Array(text.utf8),
                    counts: SpeculationCounts(rounds: 1, expertRounds: 1, bonus: 1),
                    round: 1,
                    isExpertsTurn: false,
                    ageMilliseconds: 2
                )
            )
        }
        return [
            .accepted(AcceptedJob(number: 1, submit: submit, seed: 11, draftLength: .fixed(4))),
            committed(start, offset: 0, [1, 2], text: "ab"),
            committed(nil, offset: 2, [3], text: "c"),
        ]
    }

    /// What the driver makes of a prompt.
    private static func tokens(of prompt: [UInt8]) -> [Token] {
        prompt.prefix(600).map { Token($0) % Token(vocabulary.count) }
    }

    private init(machine: CoordinatorStateMachine) { self.machine = machine }

    private static func makeMachine() -> CoordinatorStateMachine {
        var limits = CoordinatorLimits()
        limits.draftLength = .fixed(4)
        // Small, so that the bounds are met.
        (limits.queuedJobs, limits.maxNumSeqs, limits.finishedJobs, limits.credits) = (3, 4, 2, 8)
        (limits.watchers, limits.watchersPerJob, limits.pools, limits.nodes) = (3, 2, 2, 5)
        return CoordinatorStateMachine(
            boot: boot,
            limits: limits,
            seedForJobs: 5,
            software: "fuzz",
            now: Instant(nanoseconds: 1_000_000_000_000),
            keepsJournal: true
        )
    }

    private mutating func joinPair() throws(FuzzFailure) {
        for (name, role) in [("expert", NodeRole.expert), ("drafter", .drafter)] {
            let peer = PeerID(Array(name.utf8))
            let hello = Self.hello(name, role)
            try feed(.hello(hello), from: peer)
            if role == .expert { try feed(.vocabulary(pool: "default", TokenizerID(hello), Self.vocabulary)) }
            try feed(.ready(Self.ready), from: peer)
        }
    }

    private init() throws(FuzzFailure) {
        machine = Self.makeMachine()
        try joinPair()
        try feed(.hello(Self.hello("late", .expert)), from: Self.late)
        try feed(.hello(Self.hello("founder", .expert, pool: "other")), from: Self.founder)
        try submit("ended", .fixed(4))
        if let job = jobs.first { try feed(.cancel(Cancel(requestID: 9, job: job)), from: Self.client) }
        try submit("drafted for", .fixed(4))
        try answerDraft()
        try submit("waits for its draft", .fixed(4))
        try submit("plain", .fixed(0))
        guard asked.count >= 4, jobs.count == 4 else { throw FuzzFailure("the fuzzed coordinator does not work") }
    }

    private static func hello(_ name: String, _ role: NodeRole, pool: String = "default") -> Hello {
        Hello(
            identity: NodeIdentity(name: name, incarnation: 1),
            role: role,
            pool: pool,
            software: "fuzz",
            modelName: "toy",
            modelFingerprint: hash,
            vocabularyHash: pool == "default" ? hash : Hash128(high: 3, low: 4),
            vocabularyCount: UInt32(vocabulary.count),
            numericsID: "n",
            contextLength: 512,
            kvTokens: 4096,
            samplingVersion: SamplingSettings.knownVersion
        )
    }

    private static var ready: Ready {
        let costs = [CostPoint(rows: 1, milliseconds: 10), CostPoint(rows: 8, milliseconds: 12)]
        return Ready(boot: boot, costs: costs, credits: 8)
    }

    private mutating func submit(_ prompt: String, _ draftLength: DraftLength) throws(FuzzFailure) {
        lastKey += 1
        try feed(.submit(Self.submission(prompt, draftLength, key: lastKey)), from: Self.client)
    }

    private static func submission(_ prompt: String, _ draftLength: DraftLength, key: UInt64) -> Submit {
        Submit(
            requestID: key,
            submitKey: Hash128(high: 9, low: key),
            pool: "default",
            prompt: Array(prompt.utf8),
            format: .raw,
            sampling: SamplingSettings(temperature: 0.7),
            rule: RuleSettings(rule: .tokenV3, alpha: 0.3),
            maxTokens: 40,
            stop: [Array("zz".utf8)],
            seed: 11,
            draftLength: draftLength,
            drafterKind: .model,
            follow: true
        )
    }

    /// Answers the last draft with two tokens, so that a verification of them is under way.
    private mutating func answerDraft() throws(FuzzFailure) {
        guard case .draft(let draft)? = asked.last?.request, let node = asked.last?.node else { return }
        let positions = [5, 6].map { (token: Token) in
            let row = Distribution(tokens: [token, 20, 27], weights: [0.5, 0.3, 0.2]) ?? Distribution(oneHot: token)
            return DraftedPosition(token: token, row: row, gate: DraftGate(maximum: 0.5))
        }
        try feed(.drafted(Drafted(fence: draft.fence, positions: positions, milliseconds: 3)), from: node)
    }

    // MARK: The message and what follows

    private mutating func endure(_ message: Message, from peer: PeerID) throws(FuzzFailure) {
        try feed(message, from: peer)
        // Repeated by a network or by a peer that means it.
        try feed(message, from: peer)
        // Whoever has said hello goes on, and work comes to it.
        try feed(.ready(Self.ready), from: peer)
        try submit("after it", .fixed(4))
        for _ in 0..<4 { try wait(milliseconds: 0) }
        try feed(.peerFull(peer))
        try wait(milliseconds: 20_000)
        try feed(.peerLost(peer))
        try wait(milliseconds: 200_000)
        try feed(.shutdown)
    }

    /// Lets time pass until something is due, and then so much more.
    private mutating func wait(milliseconds: UInt64) throws(FuzzFailure) {
        now = max(now, machine.nextDeadline ?? now).advanced(milliseconds: milliseconds)
        try feed(.tick)
    }

    private mutating func feed(_ message: Message, from peer: PeerID) throws(FuzzFailure) {
        try feed(.message(message, from: peer, by: .anybody))
    }

    private mutating func feed(_ event: CoordinatorStateMachine.Event) throws(FuzzFailure) {
        var events = [event]
        while !events.isEmpty {
            for action in machine.handle(events.removeFirst(), at: now) {
                switch action {
                case .send(let message, let peer): try take(message, to: peer)
                case .tokenize(let prompt):
                    events.append(.tokenized(prompt.job, .tokens(Self.tokens(of: prompt.prompt))))
                case .collectTokenizer(let pool, _, let chunk):
                    // The driver has its own bounds; what it makes of a whole block is either of these.
                    let isWhole = chunk.offset == 0 && chunk.bytes.count == chunk.totalBytes
                    if isWhole { events.append(.vocabularyFailed(pool: pool, "no GGUF file")) }
                case .journal(let record):
                    written.append(record)
                    try check(record)
                    events.append(.journaled(upTo: UInt64(written.count)))
                case .log, .forgetPool, .forgetTokenizer, .exit: break
                }
            }
            let excesses = machine.gauges.excesses(over: machine.limits)
            guard excesses.isEmpty else { throw FuzzFailure("after \(event): \(excesses)") }
        }
    }

    /// What is written down, the next coordinator must be able to read.
    private func check(_ record: JournalRecord) throws(FuzzFailure) {
        guard record.entry != .forgotten else { return }
        do throws(WireError) {
            guard try JournalCodec.decode(JournalCodec.encode(record.entry)) != record.entry else { return }
        } catch {
            throw FuzzFailure("a record cannot be read: \(error)")
        }
        throw FuzzFailure("a record reads otherwise than it was written")
    }

    /// What the coordinator sends, its peers must be able to read.
    private mutating func take(_ message: Message, to peer: PeerID) throws(FuzzFailure) {
        try MessageCheck.check(message)
        var tokens: [Token] = []
        switch message {
        case .draft(let draft):
            tokens = draft.prefix.tail
            asked.append((message, peer))
        case .verify(let verify):
            tokens = verify.prefix.tail + verify.draft.map(\.token)
            asked.append((message, peer))
        case .delta(let delta) where !tellsOfJournal: tokens = delta.tokens
        case .finished(let finished) where !tellsOfJournal: tokens = finished.report.tokens
        case .accepted(let accepted): jobs.append(accepted.job)
        default: break
        }
        // No token that a node makes up goes any further.
        if let token = tokens.first(where: { Int($0) >= Self.vocabulary.count }) {
            throw FuzzFailure("token \(token) is outside the vocabulary, in \(message)")
        }
    }

    // MARK: Aim

    /// The message from each peer that it could come from, as it is and made to fit.
    private func aimed(_ message: Message) -> [(Message, PeerID)] {
        let nodes = [PeerID(Array("expert".utf8)), PeerID(Array("drafter".utf8))]
        var aimed = [(message, Self.stranger)]
        switch message {
        case .hello(var hello):
            hello.identity.name = "expert"
            aimed += [(.hello(hello), nodes[0]), (.hello(hello), Self.stranger)]
            hello = Self.hello("late", .expert)
            if case .hello(let said) = message {
                (hello.contextLength, hello.kvTokens, hello.host) = (said.contextLength, said.kvTokens, said.host)
            }
            hello.identity.incarnation = 2
            aimed.append((.hello(hello), Self.stranger))
        case .ready(var ready):
            ready.boot = Self.boot
            aimed += [(.ready(ready), Self.late), (.ready(ready), nodes[0]), (.ready(ready), nodes[1])]
        case .pong(var pong):
            pong.boot = Self.boot
            aimed += nodes.map { (.pong(pong), $0) }
        case .tokenizerChunk(var chunk):
            aimed.append((message, nodes[0]))
            chunk.vocabularyHash = Hash128(high: 3, low: 4)
            aimed.append((.tokenizerChunk(chunk), Self.founder))
        case .goodbye: aimed += (nodes + [Self.late, Self.founder]).map { (message, $0) }
        case .drafted, .verified, .missing, .failed:
            for (request, node) in asked {
                if let answer = Self.answer(message, to: request) { aimed.append((answer, node)) }
            }
        case .watch(let watch):
            aimed += jobs.map { (.watch(Watch(copying: watch, job: $0)), Self.stranger) }
        case .cancel(let cancel):
            aimed += jobs.map { (.cancel(Cancel(requestID: cancel.requestID, job: $0)), Self.stranger) }
        case .cancelJobs(let request):
            let request = CancelJobs(requestID: request.requestID, selection: .jobs(jobs + [JobID(rawValue: 1)]))
            aimed += [(message, Self.stranger), (.cancelJobs(request), Self.stranger)]
        case .statusRequest(let request):
            aimed += jobs.map { (.statusRequest(StatusRequest(requestID: request.requestID, job: $0)), Self.stranger) }
        case .submit(var submit):
            aimed.append((message, Self.client))
            submit.pool = "default"
            aimed.append((.submit(submit), Self.client))
        case .drainNode(var drain):
            drain.name = "expert"
            aimed.append((.drainNode(drain), Self.client))
        default: aimed += [(message, nodes[0])]
        }
        return aimed
    }

    /// An answer with the fence of a request.
    private static func answer(_ answer: Message, to request: Message) -> Message? {
        let fence: Fence
        switch request {
        case .draft(let draft): fence = draft.fence
        case .verify(let verify): fence = verify.fence
        default: return nil
        }
        switch answer {
        case .drafted(var drafted):
            drafted.fence = fence
            return .drafted(drafted)
        case .verified(var verified):
            verified.fence = fence
            return .verified(verified)
        case .missing(var missing):
            missing.fence = fence
            return .missing(missing)
        case .failed(var failed):
            failed.fence = fence
            return .failed(failed)
        default: return nil
        }
    }
}

extension Watch {
    fileprivate init(copying watch: Watch, job: JobID) {
        self = watch
        self.job = job
    }
}
