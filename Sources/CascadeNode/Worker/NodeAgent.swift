internal import CascadeCore
internal import CascadeHost
internal import CascadeKeys
internal import CascadeTransport
internal import CascadeWire
internal import CascadeWorker
internal import Logging

/// Drives a ``NodeStateMachine`` on a node's reactor thread: bytes to messages, actions to the socket, the engine's
/// mailbox, the log and the process.
final class NodeAgent: ReactorHandler {
    private let configuration: NodeConfiguration
    private let mailbox: Mailbox
    private let outcome: NodeOutcome
    private let logger: Logger
    private var machine: NodeStateMachine
    private var door: LockedDoor
    /// Why the coordinator lets nobody in with this key; nil while nothing says so.
    private var doorProblem: String?
    private var nextHealthReport: Instant
    /// Messages that the socket would not take yet, oldest first; bounded by the credits.
    private var unsent: [Message] = []

    init(
        hello: Hello,
        configuration: NodeConfiguration,
        tokenizerBlock: [UInt8],
        mailbox: Mailbox,
        outcome: NodeOutcome,
        logger: Logger
    ) {
        self.configuration = configuration
        self.mailbox = mailbox
        self.outcome = outcome
        self.logger = logger
        door = LockedDoor(endpoint: configuration.endpoint, key: configuration.key)
        let now = MonotonicClock.now()
        nextHealthReport = now
        let settings = NodeStateMachine.Settings(
            hello: hello,
            endpoint: configuration.endpoint,
            credits: UInt32(configuration.credits),
            maxBatchedTokens: configuration.maxBatchedTokens,
            tokenizerBlock: tokenizerBlock
        )
        machine = NodeStateMachine(settings, now: now)
    }

    // MARK: ReactorHandler

    func started(_ context: ReactorContext, now: Instant) {
        let name = configuration.nodeName
        logger.info("joining", metadata: ["endpoint": "\(configuration.endpoint)", "node": "\(name)"])
    }

    func received(
        _ frames: [[UInt8]],
        from peer: PeerID,
        user: PublicKey?,
        _ context: ReactorContext,
        now: Instant
    ) {
        do throws(WireError) {
            feed(.message(try WireCodec.decode(frames, limits: WireLimits())), context, now: now)
        } catch {
            logger.warning("unreadable message from the coordinator", metadata: ["error": "\(error)"])
        }
    }

    func connectionChanged(_ event: ConnectionEvent, _ context: ReactorContext, now: Instant) {
        if let problem = door.observe(event), problem != doorProblem {
            // It goes on trying: the key may be allowed later.
            logger.error("\(problem)")
            doorProblem = problem
        }
        switch event {
        case .connected:
            doorProblem = nil
            feed(.connected, context, now: now)
        case .disconnected: feed(.disconnected, context, now: now)
        case .cutOff(let peer, let reason):
            logger.warning("ended a connection", metadata: ["peer": "\(peer)", "reason": "\(reason)"])
        default: break
        }
    }

    func woken(_ context: ReactorContext, now: Instant) {
        feed(.engine(answers: mailbox.takeReplies()), context, now: now)
    }

    func deadlinePassed(_ context: ReactorContext, now: Instant) {
        flush(context)
        feed(.tick, context, now: now)
        guard now >= nextHealthReport else { return }
        nextHealthReport = now.advanced(milliseconds: 1_000)
        let (state, note) = machine.health(status, at: now)
        let shownNote = machine.boot == nil ? doorProblem ?? note : note
        ProcessHealth(role: configuration.role.rawValue, state: state, note: shownNote).write()
    }

    func nextDeadline() -> Instant? { min(machine.nextDeadline, nextHealthReport) }

    func stopping(_ context: ReactorContext, now: Instant) {
        feed(.stop, context, now: now)
        mailbox.stop()
    }

    // MARK: The machine

    private var status: EngineStatus {
        let state: EngineStatus.State =
            switch mailbox.engineState {
            case .loading: .loading
            case .ready(let costs): .ready(costs)
            case .failed(let cause): .failed("\(cause)")
            }
        let hasUnsent = !mailbox.isIdle && mailbox.pending == 0 || !unsent.isEmpty
        return EngineStatus(
            state: state,
            progress: mailbox.progress,
            readings: mailbox.readings,
            hasUnsent: hasUnsent
        )
    }

    private func feed(_ event: NodeStateMachine.Event, _ context: ReactorContext, now: Instant) {
        for action in machine.handle(event, status, at: now) { perform(action, context) }
    }

    private func perform(_ action: NodeStateMachine.Action, _ context: ReactorContext) {
        switch action {
        // Said again until it is answered, and with the last word nothing is left to wait for.
        case .send(.hello), .send(.goodbye):
            if case .send(let message) = action { _ = context.send(WireCodec.encode(message), to: .only) }
        case .send(let message):
            if case .pong(let pong) = message {
                logger.trace("heartbeat", metadata: ["number": "\(pong.number)"])
            }
            unsent.append(message)
            flush(context)
        case .forgetUnsent: unsent = []
        case .work(let request): mailbox.post(.request(request))
        case .release(let sequence): mailbox.post(.release(sequence))
        case .serving(let boot): configuration.serving?(boot)
        case .log(let level, let text, let fields):
            let metadata = Logger.Metadata(
                fields.map { ($0.name, .string($0.value)) },
                uniquingKeysWith: { _, last in last }
            )
            logger.log(level: level.loggerLevel, "\(text)", metadata: metadata)
        case .stop(let ending): stop(ending, context)
        }
    }

    private func stop(_ ending: NodeStateMachine.Ending, _ context: ReactorContext) {
        switch ending {
        // Else it says so again.
        case .drained: if unsent.isEmpty { context.stop(NodeOutcome.drained) }
        case .refused(let message):
            outcome.refuse(message)
            context.stop("refused")
        case .engineFailed:
            if case .failed(let cause) = mailbox.engineState { outcome.fail(cause) }
            context.stop("the engine failed")
        }
    }

    private func flush(_ context: ReactorContext) {
        while let first = unsent.first {
            guard case .sent = context.send(WireCodec.encode(first), to: .only) else { break }
            unsent.removeFirst()
        }
        // Bounded: what cannot be sent for long is asked for again by the coordinator.
        let limit = 4 * configuration.credits + 64
        if unsent.count > limit { unsent.removeFirst(unsent.count - limit) }
    }
}
