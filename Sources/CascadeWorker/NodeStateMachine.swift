package import CascadeCore

/// A drafter's or expert's side of the protocol, as a pure machine: joins, answers heartbeats, hands work to the engine
/// and its answers to the coordinator. It never computes.
///
/// | state | hears | does |
/// |---|---|---|
/// | joining | nothing | says hello again, every second at first, then every five |
/// | joining | welcome | sends the tokenizer block if asked; ready once the engine is |
/// | joined | ping of its boot | pong with progress |
/// | joined | silence for four heartbeats, a ping of another boot, refused(notReady) | joins again, caches kept |
/// | any | refused with a time to try again | says hello again then |
/// | any | refused for another reason | stops with that message |
package struct NodeStateMachine: Sendable {
    /// What happens to it.
    package enum Event: Sendable {
        /// A connection to the coordinator stands.
        case connected
        /// It stands no more, or an attempt failed.
        case disconnected
        /// The coordinator said something.
        case message(Message)
        /// The engine has answers, or its state changed.
        case engine(answers: [Message])
        /// Time has passed.
        case tick
        /// The process is to end.
        case stop
    }

    /// What is to be done about it, in this order.
    package enum Action: Sendable {
        /// Send to the coordinator.
        case send(Message)
        /// Forget what could not be sent yet: it belongs to a coordinator that is gone.
        case forgetUnsent
        /// Let the engine work on this.
        case work(WorkRequest)
        /// Let the engine forget a sequence.
        case release(SequenceID)
        /// It is ready for the work of the coordinator with this boot id.
        case serving(boot: UInt64)
        /// Write a line to the log.
        case log(LogLevel, String, [LogField])
        /// End the process, once everything is sent.
        case stop(Ending)
    }

    /// Why a node ends by itself.
    package enum Ending: Equatable, Sendable {
        case engineFailed
        case refused(String)
        case drained
    }

    /// What it is told at its start.
    package struct Settings: Sendable {
        /// What it says when it joins.
        package var hello: Hello
        /// The coordinator's endpoint, for the log.
        package var endpoint: String
        /// Requests that it takes at once.
        package var credits: UInt32
        /// Most tokens of a pass.
        package var maxBatchedTokens: Int
        /// What it ships when it is asked for its tokenizer; empty where it has none.
        package var tokenizerBlock: [UInt8]
        /// Bytes of a part of it.
        package var chunkBytes: Int
        /// How long its engine may get nowhere, at least, before it says that it is stuck.
        package var stallMilliseconds: UInt64

        /// Creates settings.
        package init(
            hello: Hello,
            endpoint: String,
            credits: UInt32,
            maxBatchedTokens: Int,
            tokenizerBlock: [UInt8],
            chunkBytes: Int = 256 * 1_024,
            stallMilliseconds: UInt64 = Patience.stallMilliseconds
        ) {
            self.hello = hello
            self.endpoint = endpoint
            self.credits = credits
            self.maxBatchedTokens = maxBatchedTokens
            self.tokenizerBlock = tokenizerBlock
            self.chunkBytes = chunkBytes
            self.stallMilliseconds = stallMilliseconds
        }
    }

    private enum Link {
        case joining(nextHello: Instant, helloCount: Int)
        case joined(boot: UInt64, heartbeatMilliseconds: UInt64, lastHeard: Instant, saidReady: Bool)
    }

    /// Heartbeats of silence after which the coordinator is gone.
    private static let missedHeartbeats: UInt64 = 4

    private let settings: Settings
    private var link: Link
    /// Whether a connection stands; attempts that fail are no loss.
    private var isConnected = false
    private var isDraining = false
    private var watch: EngineWatch
    private var actions: [Action] = []

    /// A node that is about to say hello.
    package init(_ settings: Settings, now: Instant) {
        self.settings = settings
        link = .joining(nextHello: now, helloCount: 0)
        watch = EngineWatch(
            maxBatchedTokens: settings.maxBatchedTokens,
            stallMilliseconds: settings.stallMilliseconds,
            now: now
        )
    }

    private var hello: Hello { settings.hello }
    private var endpointField: LogField { LogField("endpoint", settings.endpoint) }

    /// When it wants a tick at the latest.
    package var nextDeadline: Instant {
        switch link {
        case .joining(let nextHello, _): nextHello
        case .joined(_, let heartbeat, let lastHeard, _):
            lastHeard.advanced(milliseconds: Self.missedHeartbeats * heartbeat)
        }
    }

    /// The boot id of the coordinator that it has joined; nil while it has none.
    package var boot: UInt64? {
        if case .joined(let boot, _, _, _) = link { boot } else { nil }
    }

    // MARK: Events

    /// Takes one event and returns what to do about it. `engine` is where the engine stands now.
    package mutating func handle(_ event: Event, _ engine: EngineStatus, at now: Instant) -> [Action] {
        defer { actions = [] }
        switch event {
        case .connected:
            isConnected = true
            // Say hello at once instead of at the next second.
            if case .joining(_, let count) = link {
                link = .joining(nextHello: now, helloCount: count)
                passTime(at: now)
            }
        case .disconnected where isConnected:
            isConnected = false
            log(.warning, "lost the connection to the coordinator; joining again when it is back", endpointField)
            rejoin(at: now)
        case .disconnected: break
        case .message(let message): take(message, engine, at: now)
        case .engine(let answers): takeAnswers(answers, engine)
        case .tick:
            passTime(at: now)
            leaveIfDrained(engine)
        case .stop:
            if boot != nil { actions.append(.send(.goodbye(Goodbye(reason: "the process was asked to stop")))) }
        }
        return actions
    }

    private mutating func takeAnswers(_ answers: [Message], _ engine: EngineStatus) {
        if case .failed = engine.state {
            actions.append(.stop(.engineFailed))
            return
        }
        actions += answers.map { .send($0) }
        sayReady(engine)
        leaveIfDrained(engine)
    }

    private mutating func passTime(at now: Instant) {
        switch link {
        case .joining(let nextHello, let count) where now >= nextHello:
            if count == 3 {
                log(
                    .warning,
                    "the coordinator does not answer; is the endpoint right, and its port open to this machine?",
                    endpointField
                )
            }
            actions.append(.send(.hello(hello)))
            let pause: UInt64 = count < 10 ? 1_000 : 5_000
            link = .joining(nextHello: now.advanced(milliseconds: pause), helloCount: count + 1)
        case .joined where now >= nextDeadline:
            log(.warning, "the coordinator is silent; joining again", endpointField)
            rejoin(at: now)
        default: break
        }
    }

    private mutating func take(_ message: Message, _ engine: EngineStatus, at now: Instant) {
        if case .joined(let boot, let heartbeat, _, let saidReady) = link {
            link = .joined(boot: boot, heartbeatMilliseconds: heartbeat, lastHeard: now, saidReady: saidReady)
        }
        switch message {
        case .welcome(let welcome): join(welcome, engine, at: now)
        case .refused(let refused): take(refused, at: now)
        case .ping(let ping):
            guard boot == ping.boot else { return rejoin(at: now) }
            var progress = engine.progress
            progress.stuckMilliseconds = watch.look(engine, now: now)
            let pong = Pong(boot: ping.boot, number: ping.number, progress: progress, prompts: engine.readings)
            actions.append(.send(.pong(pong)))
        case .draft(let draft) where hello.role == .drafter: accept(.draft(draft), engine)
        case .verify(let verify) where hello.role == .expert: accept(.verify(verify), engine)
        case .release(let release): actions.append(.release(release.sequence))
        case .drain:
            log(.info, "draining")
            isDraining = true
            leaveIfDrained(engine)
        default: log(.warning, "message that is not for this role", LogField("role", hello.role.rawValue))
        }
    }

    private mutating func take(_ refused: Refused, at now: Instant) {
        if refused.code == .notReady { return rejoin(at: now) }
        if refused.retryAfterMilliseconds > 0 {
            log(.warning, "not taken in yet; trying again", LogField("reason", refused.message))
            let next = now.advanced(milliseconds: UInt64(refused.retryAfterMilliseconds))
            link = .joining(nextHello: next, helloCount: 0)
            return
        }
        log(.error, "refused by the coordinator", LogField("reason", refused.message))
        actions.append(.stop(.refused(refused.message)))
    }

    private mutating func join(_ welcome: Welcome, _ engine: EngineStatus, at now: Instant) {
        // Hello is said again until it is answered, and each one is.
        if boot != welcome.boot { log(.info, "joined", endpointField, LogField("pool", hello.pool)) }
        link = .joined(
            boot: welcome.boot,
            heartbeatMilliseconds: UInt64(max(welcome.heartbeatMilliseconds, 10)),
            lastHeard: now,
            saidReady: false
        )
        if welcome.wantsTokenizer { sendTokenizer() }
        sayReady(engine)
    }

    /// Work counts only within the boot and incarnation that it was meant for.
    private mutating func accept(_ request: WorkRequest, _ engine: EngineStatus) {
        let (fence, pending) = (request.fence, engine.progress.pending)
        guard fence.boot == boot, fence.incarnation == hello.identity.incarnation else { return }
        guard pending < 2 * settings.credits else {
            let message = "the node has \(pending) requests in hand, its credits are \(settings.credits)"
            actions.append(.send(.failed(Failed(fence: fence, code: .overloaded, message: message))))
            return
        }
        actions.append(.work(request))
    }

    // MARK: Steps

    private mutating func sendTokenizer() {
        let (block, size) = (settings.tokenizerBlock, settings.chunkBytes)
        for start in stride(from: 0, to: block.count, by: size) {
            let chunk = TokenizerChunk(
                vocabularyHash: hello.vocabularyHash,
                totalBytes: UInt32(block.count),
                offset: UInt32(start),
                bytes: Array(block[start..<min(start + size, block.count)])
            )
            actions.append(.send(.tokenizerChunk(chunk)))
        }
    }

    private mutating func sayReady(_ engine: EngineStatus) {
        guard case .joined(let boot, let heartbeat, let lastHeard, false) = link,
            case .ready(let costs) = engine.state
        else { return }
        link = .joined(boot: boot, heartbeatMilliseconds: heartbeat, lastHeard: lastHeard, saidReady: true)
        log(.info, "ready")
        actions.append(.serving(boot: boot))
        // One that drains may meet a coordinator that asked for nothing of the kind.
        let ready = Ready(boot: boot, costs: costs, credits: isDraining ? 0 : settings.credits)
        actions.append(.send(.ready(ready)))
    }

    private mutating func rejoin(at now: Instant) {
        // Each answer to a coordinator that does not know it is refused; one hello is enough.
        guard boot != nil else { return }
        link = .joining(nextHello: now, helloCount: 0)
        actions.append(.forgetUnsent)
        // Nobody is there to hear it where no connection stands.
        if isConnected { passTime(at: now) }
    }

    private mutating func leaveIfDrained(_ engine: EngineStatus) {
        guard isDraining, engine.progress.pending == 0, !engine.hasUnsent else { return }
        actions.append(.stop(.drained))
    }

    private mutating func log(_ level: LogLevel, _ text: String, _ fields: LogField...) {
        actions.append(.log(level, text, fields))
    }

    // MARK: Health

    /// How it stands, for those who watch its process: a word, and what more there is to say.
    package mutating func health(_ engine: EngineStatus, at now: Instant) -> (state: String, note: String) {
        let seconds = watch.look(engine, now: now) / 1_000
        switch (link, engine.state) {
        case (.joining, _): return ("connecting", "the coordinator at \(settings.endpoint) does not answer")
        case (.joined, .loading) where seconds > 0: return ("stuck", "the model has been loading for \(seconds) s")
        case (.joined, .loading): return ("loading", "")
        case (.joined, .ready) where seconds > 0:
            return ("stuck", "\(engine.progress.pending) requests wait and no pass has ended for \(seconds) s")
        case (.joined, .ready): return (isDraining ? "draining" : "ready", "")
        case (.joined, .failed(let cause)): return ("failed", cause)
        }
    }
}
