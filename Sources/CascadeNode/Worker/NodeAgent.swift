internal import CascadeCore
internal import CascadeTransport
internal import CascadeWire
internal import Logging

/// A drafter's or expert's side of the protocol, confined to its reactor thread: joins, answers heartbeats, hands work
/// to the engine thread and its replies to the coordinator. It never computes.
///
/// | state | hears | does |
/// |---|---|---|
/// | joining | nothing | says hello again, every second at first, then every five |
/// | joining | welcome | sends the tokenizer block if asked; ready once the engine is |
/// | joined | ping of its boot | pong with progress |
/// | joined | silence for four heartbeats, a ping of another boot, refused(notReady) | joins again, caches kept |
/// | any | refused with a time to try again | says hello again then |
/// | any | refused for another reason | stops with that message |
final class NodeAgent: ReactorHandler {
    private enum Link {
        case joining(nextHello: Instant, helloCount: Int)
        case joined(boot: UInt64, heartbeatMilliseconds: UInt32, lastHeard: Instant, saidReady: Bool)
    }

    private let hello: Hello
    private let endpoint: String
    private let credits: UInt32
    private let tokenizerBlock: [UInt8]
    private let mailbox: Mailbox
    private let outcome: NodeOutcome
    private let logger: Logger
    private let serving: (@Sendable (UInt64) -> Void)?
    private var link: Link
    private var door: LockedDoor
    /// Why the coordinator lets nobody in with this key; nil while nothing says so.
    private var doorProblem: String?
    /// Whether a connection stands; attempts that fail are no loss.
    private var isConnected = false
    private var isDraining = false
    private var nextHealthReport: Instant
    private var watch: EngineWatch
    /// Replies that the socket would not take yet, oldest first; bounded by the credits.
    private var unsent: [Message] = []

    init(
        hello: Hello,
        configuration: NodeConfiguration,
        tokenizerBlock: [UInt8],
        mailbox: Mailbox,
        outcome: NodeOutcome,
        logger: Logger
    ) {
        self.hello = hello
        endpoint = configuration.endpoint
        credits = UInt32(configuration.credits)
        serving = configuration.serving
        self.tokenizerBlock = tokenizerBlock
        self.mailbox = mailbox
        self.outcome = outcome
        self.logger = logger
        door = LockedDoor(endpoint: configuration.endpoint, key: configuration.key)
        let now = MonotonicClock.now()
        link = .joining(nextHello: now, helloCount: 0)
        nextHealthReport = now
        watch = EngineWatch(rowBudget: configuration.rowBudget, now: now)
    }

    // MARK: ReactorHandler

    func started(_ context: ReactorContext, now: Instant) {
        logger.info("joining", metadata: ["endpoint": "\(endpoint)", "node": "\(hello.identity.name)"])
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
            logger.warning("unreadable message from the coordinator", metadata: ["error": "\(error)"])
            return
        }
        if case .joined(let boot, let heartbeat, _, let saidReady) = link {
            link = .joined(boot: boot, heartbeatMilliseconds: heartbeat, lastHeard: now, saidReady: saidReady)
        }
        handle(message, context, now: now)
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
            isConnected = true
            // Say hello at once instead of at the next second.
            if case .joining(_, let count) = link { link = .joining(nextHello: now, helloCount: count) }
        case .cutOff(let peer, let reason):
            logger.warning("ended a connection", metadata: ["peer": "\(peer)", "reason": "\(reason)"])
        case .disconnected where isConnected:
            isConnected = false
            logger.warning(
                "lost the connection to the coordinator; joining again when it is back",
                metadata: ["endpoint": "\(endpoint)"]
            )
            rejoin(at: now)
        default:
            break
        }
    }

    func woken(_ context: ReactorContext, now: Instant) {
        if case .failed(let cause) = mailbox.engineState {
            outcome.fail(cause)
            context.stop("the engine failed")
            return
        }
        for reply in mailbox.takeReplies() { send(reply, context) }
        sayReady(context)
        leaveIfDrained(context)
    }

    func deadlinePassed(_ context: ReactorContext, now: Instant) {
        flush(context)
        if now >= nextHealthReport {
            nextHealthReport = now.advanced(milliseconds: 1_000)
            reportHealth(at: now)
        }
        switch link {
        case .joining(let nextHello, let count) where now >= nextHello:
            if count == 3 {
                logger.warning(
                    "the coordinator does not answer; is the endpoint right, and its port open to this machine?",
                    metadata: ["endpoint": "\(endpoint)"]
                )
            }
            _ = context.send(WireCodec.encode(.hello(hello)), to: .only)
            link = .joining(
                nextHello: now.advanced(milliseconds: count < 10 ? 1_000 : 5_000),
                helloCount: count + 1
            )
        case .joined(_, let heartbeat, let lastHeard, _)
        where now >= lastHeard.advanced(milliseconds: 4 * UInt64(heartbeat)):
            logger.warning("the coordinator is silent; joining again", metadata: ["endpoint": "\(endpoint)"])
            rejoin(at: now)
        default:
            break
        }
    }

    func nextDeadline() -> Instant? {
        switch link {
        case .joining(let nextHello, _): min(nextHello, nextHealthReport)
        case .joined(_, let heartbeat, let lastHeard, _):
            min(lastHeard.advanced(milliseconds: 4 * UInt64(heartbeat)), nextHealthReport)
        }
    }

    func stopping(_ context: ReactorContext, now: Instant) {
        if case .joined = link {
            _ = context.send(WireCodec.encode(.goodbye(Goodbye(reason: "the process was asked to stop"))), to: .only)
        }
        mailbox.stop()
    }

    // MARK: Messages

    private func handle(_ message: Message, _ context: ReactorContext, now: Instant) {
        switch message {
        case .welcome(let welcome): join(welcome, context, now: now)
        case .refused(let refused) where refused.code == .notReady: rejoin(at: now)
        case .refused(let refused) where refused.retryAfterMilliseconds > 0:
            logger.warning("not taken in yet; trying again", metadata: ["reason": "\(refused.message)"])
            link = .joining(
                nextHello: now.advanced(milliseconds: UInt64(refused.retryAfterMilliseconds)),
                helloCount: 0
            )
        case .refused(let refused):
            logger.error("refused by the coordinator", metadata: ["reason": "\(refused.message)"])
            outcome.refuse(refused.message)
            context.stop("refused")
        case .ping(let ping):
            guard case .joined(let boot, _, _, _) = link, boot == ping.boot else { return rejoin(at: now) }
            logger.trace("heartbeat", metadata: ["number": "\(ping.number)"])
            send(.pong(Pong(boot: ping.boot, number: ping.number, progress: progress(at: now))), context)
        case .draft(let draft) where hello.role == .drafter: accept(.draft(draft), fence: draft.fence, context)
        case .verify(let verify) where hello.role == .expert: accept(.verify(verify), fence: verify.fence, context)
        case .release(let release): mailbox.post(.release(release))
        case .drain:
            logger.info("draining")
            isDraining = true
            leaveIfDrained(context)
        default: logger.warning("message that is not for this role", metadata: ["role": "\(hello.role.rawValue)"])
        }
    }

    private func join(_ welcome: Welcome, _ context: ReactorContext, now: Instant) {
        // Hello is said again until it is answered, and each one is.
        let isAnsweredAgain = if case .joined(let boot, _, _, _) = link { boot == welcome.boot } else { false }
        if !isAnsweredAgain {
            logger.info("joined", metadata: ["endpoint": "\(endpoint)", "pool": "\(hello.pool)"])
        }
        link = .joined(
            boot: welcome.boot,
            heartbeatMilliseconds: max(welcome.heartbeatMilliseconds, 10),
            lastHeard: now,
            saidReady: false
        )
        if welcome.wantsTokenizer { sendTokenizer(context) }
        sayReady(context)
    }

    /// Work counts only within the boot and incarnation that it was meant for.
    private func accept(_ work: Mailbox.Work, fence: Fence, _ context: ReactorContext) {
        guard case .joined(let boot, _, _, _) = link, boot == fence.boot else { return }
        guard fence.incarnation == hello.identity.incarnation else { return }
        let pending = mailbox.pending
        guard pending < 2 * Int(credits) else {
            let message = "the node has \(pending) requests in hand, its credits are \(credits)"
            return send(.failed(Failed(fence: fence, code: .overloaded, message: message)), context)
        }
        mailbox.post(work)
    }

    private func sendTokenizer(_ context: ReactorContext) {
        let size = 256 * 1_024
        for start in stride(from: 0, to: tokenizerBlock.count, by: size) {
            let chunk = TokenizerChunk(
                vocabularyHash: hello.vocabularyHash,
                totalBytes: UInt32(tokenizerBlock.count),
                offset: UInt32(start),
                bytes: Array(tokenizerBlock[start..<min(start + size, tokenizerBlock.count)])
            )
            send(.tokenizerChunk(chunk), context)
        }
    }

    private func sayReady(_ context: ReactorContext) {
        guard case .joined(let boot, let heartbeat, let lastHeard, false) = link,
            case .ready(let costs) = mailbox.engineState
        else { return }
        link = .joined(boot: boot, heartbeatMilliseconds: heartbeat, lastHeard: lastHeard, saidReady: true)
        logger.info("ready")
        serving?(boot)
        // One that drains may meet a coordinator that asked for nothing of the kind.
        send(.ready(Ready(boot: boot, costs: costs, credits: isDraining ? 0 : credits)), context)
    }

    private func rejoin(at now: Instant) {
        link = .joining(nextHello: now, helloCount: 0)
        // Replies belong to the boot that is gone.
        unsent = []
    }

    private func leaveIfDrained(_ context: ReactorContext) {
        if isDraining, mailbox.isIdle, unsent.isEmpty { context.stop(NodeOutcome.drained) }
    }

    // MARK: Sending

    private func send(_ message: Message, _ context: ReactorContext) {
        unsent.append(message)
        flush(context)
    }

    private func flush(_ context: ReactorContext) {
        while let first = unsent.first {
            guard case .sent = context.send(WireCodec.encode(first), to: .only) else { break }
            unsent.removeFirst()
        }
        // Bounded: what cannot be sent for long is asked for again by the coordinator.
        let limit = 4 * Int(credits) + 64
        if unsent.count > limit { unsent.removeFirst(unsent.count - limit) }
    }

    /// What the engine has done, and whether it still does.
    private func progress(at now: Instant) -> Progress {
        var progress = mailbox.progress
        progress.stuckMilliseconds = watch.look(mailbox.engineState, progress, now: now)
        return progress
    }

    private func reportHealth(at now: Instant) {
        let progress = progress(at: now)
        let seconds = progress.stuckMilliseconds / 1_000
        let (state, note): (String, String) =
            switch (link, mailbox.engineState) {
            case (.joining, _): ("connecting", doorProblem ?? "the coordinator at \(endpoint) does not answer")
            case (.joined, .loading) where seconds > 0: ("stuck", "the model has been loading for \(seconds) s")
            case (.joined, .loading): ("loading", "")
            case (.joined, .ready) where seconds > 0:
                ("stuck", "\(progress.pending) requests wait and no pass has ended for \(seconds) s")
            case (.joined, .ready): (isDraining ? "draining" : "ready", "")
            case (.joined, .failed(let cause)): ("failed", cause.description)
            }
        ProcessHealth(role: hello.role.rawValue, state: state, note: note).write()
    }
}
