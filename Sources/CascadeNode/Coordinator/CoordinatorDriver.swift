internal import CascadeCoordinator
internal import CascadeCore
internal import CascadeHost
internal import CascadeKeys
internal import CascadeStore
internal import CascadeTemplate
internal import CascadeText
internal import CascadeTransport
internal import CascadeWire
internal import Logging

/// Joins the pure state machine to the socket: bytes in, events, actions, bytes out. Confined to the reactor thread.
final class CoordinatorDriver: ReactorHandler {
    private let configuration: CoordinatorConfiguration
    private let handle: ReactorHandle
    private let logger: Logger
    private var loader = TokenizerLoader()
    /// Prompts become tokens beside the reactor thread: a megabyte takes the better part of a second.
    private let reader: SideWork<CoordinatorStateMachine.Event>
    /// Where jobs outlive the process.
    private let journal: Journal?
    private let boot: UInt64
    private var machine: CoordinatorStateMachine
    private var assembly = TokenizerAssembly()
    private var tokenizers: [TokenizerID: PromptTokenizer] = [:]
    private var nextHealthReport: Instant
    /// Where connections need keys.
    private var gatekeeper: Gatekeeper?
    private var traffic = TrafficCounters()
    /// Records that the machine knows to be on disk.
    private var journaled: UInt64 = 0

    init(
        configuration: CoordinatorConfiguration,
        journal: Journal?,
        handle: ReactorHandle,
        logger: Logger,
        reader: SideWork<CoordinatorStateMachine.Event> = SideWork(label: "cascade.prompt-reader")
    ) {
        self.configuration = configuration
        self.journal = journal
        self.handle = handle
        self.logger = logger
        self.reader = reader
        let now = MonotonicClock.now()
        boot = UInt64.random(in: 1...UInt64.max)
        machine = CoordinatorStateMachine(
            boot: boot,
            limits: configuration.limits,
            seedForJobs: UInt64.random(in: 0...UInt64.max),
            software: configuration.software,
            now: now,
            keepsJournal: journal != nil
        )
        gatekeeper = configuration.keys.map { Gatekeeper($0.allowList, logger: logger) }
        nextHealthReport = now
    }

    // MARK: ReactorHandler

    func started(_ context: ReactorContext, now: Instant) {
        let keys = configuration.keys.map { "\($0.allowList.count)" } ?? "none"
        let store = configuration.store ?? "none"
        let fields: Logger.Metadata = [
            "endpoint": "\(context.boundEndpoint)", "keys": "\(keys)", "store": "\(store)",
        ]
        logger.info("listening", metadata: fields)
        configuration.serving?(boot)
        if let journal { step(.restored(journal.takeJobs()), context, now: now) }
        if let gatekeeper { step(.keysKnown(gatekeeper.principals), context, now: now) }
    }

    func received(
        _ frames: [[UInt8]],
        from peer: PeerID,
        user: PublicKey?,
        _ context: ReactorContext,
        now: Instant
    ) {
        let message: Message
        do throws(WireError) {
            message = try WireCodec.decode(frames, limits: WireLimits())
        } catch {
            return reject(error, from: peer, context)
        }
        guard let principal = principal(of: message, from: peer, user: user, context, now: now) else { return }
        traffic.countReceived(message, frames: frames)
        step(.message(message, from: peer, by: principal), context, now: now)
    }

    func connectionChanged(_ event: ConnectionEvent, _ context: ReactorContext, now: Instant) {
        switch event {
        case .crowded(let limit):
            let fields: Logger.Metadata = [
                "limit": "\(limit)", "ended": "\(context.counters.crowdings)",
                "handshakes_failed": "\(context.counters.handshakesFailed)",
            ]
            logger.warning("too many connections: silent ones are closed to make room for new ones", metadata: fields)
        case .cutOff(let peer, let reason):
            logger.warning("ended a connection", metadata: ["peer": "\(peer)", "reason": "\(reason)"])
        default: logger.debug("connection", metadata: ["event": "\(event)"])
        }
    }

    func woken(_ context: ReactorContext, now: Instant) {
        for loaded in loader.take() {
            switch loaded.tokenizer {
            case .success(let tokenizer):
                tokenizers[loaded.identity] = tokenizer
                if let problem = tokenizer.templateProblem,
                    configuration.chatTemplates.template(ofPool: loaded.pool) == nil
                {
                    let fields: Logger.Metadata = ["pool": "\(loaded.pool)", "problem": "\(problem)"]
                    logger.warning("chats are refused: the model's chat template cannot be used", metadata: fields)
                }
                step(.vocabulary(pool: loaded.pool, loaded.identity, tokenizer.vocabulary), context, now: now)
            case .failure(let error): step(refuse(error, pool: loaded.pool), context, now: now)
            }
        }
        for event in reader.take() { step(event, context, now: now) }
        noteJournaled(context, now: now)
    }

    func deadlinePassed(_ context: ReactorContext, now: Instant) {
        if now >= nextHealthReport {
            nextHealthReport = now.advanced(milliseconds: 1_000)
            ProcessHealth(role: "coordinator", state: "ready", note: "").write()
        }
        if let revoked = gatekeeper?.takeChange() { followKeys(revoked, context, now: now) }
        step(.tick, context, now: now)
    }

    func nextDeadline() -> Instant? {
        machine.nextDeadline.map { min($0, nextHealthReport) } ?? nextHealthReport
    }

    func stopping(_ context: ReactorContext, now: Instant) {
        // Jobs of a disk that failed are not ended: the next coordinator finds what was acknowledged.
        guard drainJournal(context, now: now) else { return }
        if configuration.endsJobs {
            step(.endJobs, context, now: now)
            guard drainJournal(context, now: now) else { return }
        }
        step(.shutdown, context, now: now)
    }
}

extension CoordinatorDriver {
    fileprivate typealias Machine = CoordinatorStateMachine

    /// Waits until all that is written is on disk; false where the disk failed.
    private func drainJournal(_ context: ReactorContext, now: Instant) -> Bool {
        journal?.writer.drain()
        return noteJournaled(context, now: now)
    }

    /// Tells what is on disk by now. Where the disk fails nobody is told anything any more: false.
    @discardableResult
    private func noteJournaled(_ context: ReactorContext, now: Instant) -> Bool {
        guard let journal else { return true }
        do throws(StoreError) {
            let record = try journal.writer.durable()
            if record > journaled {
                journaled = record
                step(.journaled(upTo: record), context, now: now)
            }
            return true
        } catch {
            context.stop("\(error)")
            return false
        }
    }

    /// Whom a message counts as said by; nil where the peer's key does not allow it, which the peer is told.
    private func principal(
        of message: Message,
        from peer: PeerID,
        user: PublicKey?,
        _ context: ReactorContext,
        now: Instant
    ) -> Principal? {
        let verdict = gatekeeper?.judge(
            message,
            name: WireCodec.name(of: message),
            from: peer,
            user: user,
            now: now,
            isNode: machine.hasNode
        )
        switch verdict {
        case nil: return .anybody
        case .allowed(let principal): return principal
        case .forbidden(let refusal): _ = context.send(WireCodec.encode(.refused(refusal)), to: peer)
        case .revoked(let refusal): expel(peer, refusal, context, now: now)
        }
        return nil
    }

    /// The list of keys has changed: who is not on it any more has no rights, and no jobs.
    private func followKeys(_ revoked: [PeerID], _ context: ReactorContext, now: Instant) {
        for peer in revoked { expel(peer, Gatekeeper.revocation, context, now: now) }
        if let gatekeeper { step(.keysKnown(gatekeeper.principals), context, now: now) }
    }

    /// Tells a peer that it has no rights any more; for the machine it is gone.
    private func expel(_ peer: PeerID, _ refusal: Refused, _ context: ReactorContext, now: Instant) {
        _ = context.send(WireCodec.encode(.refused(refusal)), to: peer)
        gatekeeper?.forget(peer)
        step(.peerLost(peer), context, now: now)
    }

    /// Runs the machine on one event and carries its actions out; what carrying out brings up is handled in turn.
    private func step(_ event: Machine.Event, _ context: ReactorContext, now: Instant) {
        var events = [event]
        while !events.isEmpty {
            for action in machine.handle(events.removeFirst(), at: now) {
                perform(action, context, events: &events)
            }
        }
    }

    private func perform(_ action: Machine.Action, _ context: ReactorContext, events: inout [Machine.Event]) {
        switch action {
        case .send(let message, let peer):
            let message = measured(message)
            let frames = WireCodec.encode(message)
            switch context.send(frames, to: peer) {
            case .sent: traffic.countSent(message, frames: frames)
            case .unreachable:
                gatekeeper?.forget(peer)
                events.append(.peerLost(peer))
            case .full: events.append(.peerFull(peer))
            case .refused(let limit):
                // Our own limits are below the transport's: a bug, and no reason to lose the peer.
                logger.error("message too large to send", metadata: ["limit": "\(limit)"])
            }
        case .tokenize(let request):
            let tokenizer = tokenizers[request.tokenizer]
            let template = configuration.chatTemplates.template(ofPool: request.pool)
            reader.run({ .tokenized(request.job, Self.tokenize(request, tokenizer, template)) }) { [handle] in
                handle.wake()
            }
        case .collectTokenizer(let pool, let tokenizer, let chunk):
            if let event = collect(chunk, of: tokenizer, pool: pool) { events.append(event) }
        case .forgetPool(let pool): assembly.forget(pool)
        case .forgetTokenizer(let tokenizer): tokenizers[tokenizer] = nil
        case .journal(let record): journal?.writer.append(record) { [handle] in handle.wake() }
        case .log(let level, let text, let fields):
            let metadata = Logger.Metadata(fields.map { ($0.name, "\($0.value)") }) { first, _ in first }
            logger.log(level: level.loggerLevel, "\(text)", metadata: metadata)
        case .exit: context.stop("done")
        }
    }

    /// Adds to a status what only the process knows.
    private func measured(_ message: Message) -> Message {
        guard case .clusterStatus(var status) = message else { return message }
        status.traffic = traffic.all
        status.cpuMilliseconds = ProcessorTime.milliseconds()
        return .clusterStatus(status)
    }

    private static func tokenize(
        _ request: Machine.Tokenization,
        _ tokenizer: PromptTokenizer?,
        _ template: ChatTemplate?
    ) -> Machine.TokenizedPrompt {
        guard let tokenizer else {
            return .failed(JobError(code: .notReady, message: "the pool's tokenizer has not arrived"))
        }
        do throws(PromptError) {
            let tokens =
                if let conversation = request.conversation {
                    try tokenizer.encode(
                        conversation,
                        parsesSpecial: request.parsesSpecial,
                        localSeconds: request.localSeconds,
                        template: template,
                        limit: request.limit
                    )
                } else {
                    try tokenizer.encode(
                        prompt: request.prompt,
                        format: request.format,
                        system: request.system,
                        parsesSpecial: request.parsesSpecial,
                        localSeconds: request.localSeconds,
                        template: template,
                        limit: request.limit
                    )
                }
            return tokens.map { .tokens($0) } ?? .tooLong(limit: request.limit)
        } catch {
            let wayOut = request.conversation == nil ? ChatTemplates.wayOut : ChatTemplates.otherTemplate
            let message = error.isOfTemplate ? "\(error); \(wayOut)" : "\(error)"
            return .failed(JobError(code: .badRequest, message: message))
        }
    }

    private func collect(_ chunk: TokenizerChunk, of tokenizer: TokenizerID, pool: String) -> Machine.Event? {
        do throws(NodeError) {
            if let block = try assembly.add(chunk, pool: pool) {
                try loader.load(block, of: tokenizer, pool: pool) { [handle] in handle.wake() }
            }
            return nil
        } catch {
            return refuse(error, pool: pool)
        }
    }

    private func refuse(_ error: NodeError, pool: String) -> Machine.Event {
        logger.warning("unusable tokenizer block", metadata: ["pool": "\(pool)", "error": "\(error)"])
        return .vocabularyFailed(pool: pool, "\(error)")
    }

    /// Answers what cannot be read where an honest peer may have sent it: another version, or a request out of bounds.
    private func reject(_ error: WireError, from peer: PeerID, _ context: ReactorContext) {
        logger.debug("unreadable message", metadata: ["error": "\(error)"])
        let refusal: Refused
        switch error {
        case .version:
            let message = "\(error); use the same version of cascade on both sides"
            refusal = Refused(code: .protocolVersion, message: message)
        case .invalid("submit", _, _, _), .missing("submit", _), .tooLarge("submit", _, _, _),
            .invalid("hello", _, _, _), .missing("hello", _), .tooLarge("hello", _, _, _),
            .tooLarge("envelope", _, _, _):
            refusal = Refused(code: .badRequest, message: error.forPeople)
        default: return
        }
        _ = context.send(WireCodec.encode(.refused(refusal)), to: peer)
    }
}
