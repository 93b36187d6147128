internal import CZeroMQ
internal import CascadeCore
internal import CascadeHost
internal import Glibc

/// The reactor's thread: opens the socket, turns until told to stop, closes. Made, run and released on that thread.
///
/// A turn: wait for something to happen; then wakes, connection events, at most `messagesPerTurn` messages and one call
/// for deadlines. Everything in it is bounded, so nothing starves anything else.
final class ReactorLoop {
    /// Time for ZeroMQ to drop a lost peer's queue before the loss is reported, see `ConnectionEvent`.
    private static let settleMilliseconds: UInt64 = 5
    private static let reportsPerTurn = 1024
    /// Time for peers to read a router's last words, see `part`.
    private static let partingMilliseconds = 100
    /// Time between looks at what connections have sent: ZeroMQ takes parts of 2 bytes at up to 20 MB a second, and
    /// each is 64 bytes in memory. Looks take a twentieth of the time at most, however many connections there are.
    private static let lookMilliseconds: UInt64 = 50
    private static let lookShare: UInt64 = 20
    /// Time between reports of the same kind of trouble with strangers.
    private static let noticeMilliseconds: UInt64 = 1_000

    let context: ReactorContext
    private let endpoint: Endpoint
    private let isRouter: Bool
    private let options: TransportOptions
    private let security: TransportSecurity
    private let handle: ReactorHandle
    private var zeroMQ: ZMQContext?
    private var socket: ZMQSocket
    private var monitor: SocketMonitor
    /// Where keys are demanded.
    private var zap: ZAPHandler?
    private var watch = ReconnectWatch()
    /// Events in the order they came, each with the earliest instant it may be delivered.
    private var events: [(event: ConnectionEvent, due: Instant)] = []
    private var items: [zmq_pollitem_t] = []
    private var nextLook = Instant(nanoseconds: 0)
    private var nextCrowdedNotice = Instant(nanoseconds: 0)
    private var nextCutNotice = Instant(nanoseconds: 0)
    /// When memory that ended connections had goes back to the system.
    private var trimDue: Instant?

    /// Opens the socket; a router listens when this returns.
    init(
        endpoint: Endpoint,
        isRouter: Bool,
        options: TransportOptions,
        security: TransportSecurity,
        handle: ReactorHandle,
        zeroMQ shared: ZMQContext?
    ) throws(TransportError) {
        let zeroMQ: ZMQContext
        if let shared { zeroMQ = shared } else { zeroMQ = try ZMQContext() }
        if isRouter { try endpoint.checkBeforeBinding() }
        let bound: Bound
        (socket, monitor, zap, bound) = try Self.open(endpoint, isRouter: isRouter, options, security, zeroMQ)
        context = ReactorContext(
            socket: socket,
            boundEndpoint: bound.endpoint,
            isRouter: isRouter,
            options: options,
            isEncrypted: security.isCurve,
            firstNumber: bound.firstNumber,
            handle: handle
        )
        self.endpoint = endpoint
        self.isRouter = isRouter
        self.options = options
        self.security = security
        self.handle = handle
        self.zeroMQ = zeroMQ
        setPollItems()
    }

    /// Where a socket listens or connects to, and the number of a router's first peer, see `ConnectionTable`.
    private struct Bound {
        let endpoint: String
        let firstNumber: UInt32?
    }

    /// All that can fail; what was opened until then closes itself.
    private static func open(
        _ endpoint: Endpoint,
        isRouter: Bool,
        _ options: TransportOptions,
        _ security: TransportSecurity,
        _ zeroMQ: ZMQContext
    ) throws(TransportError) -> (ZMQSocket, SocketMonitor, ZAPHandler?, Bound) {
        var zap: ZAPHandler?
        if case .server(_, let authenticator) = security { zap = try ZAPHandler(authenticator, in: zeroMQ) }
        let socket = try ZMQSocket(isRouter ? ZMQ_ROUTER : ZMQ_DEALER, in: zeroMQ)
        try options.apply(to: socket, endpoint: endpoint, isRouter: isRouter)
        try security.apply(to: socket)
        let monitor = try SocketMonitor(of: socket, in: zeroMQ)
        guard isRouter else {
            try socket.connect(endpoint.description)
            return (socket, monitor, zap, Bound(endpoint: endpoint.description, firstNumber: nil))
        }
        // Connections within a process are not reported.
        let firstNumber: UInt32?
        if case .inproc = endpoint.address {
            firstNumber = nil
        } else {
            firstNumber = try socket.nextNumber(in: zeroMQ)
        }
        try socket.bind(endpoint.description)
        return (socket, monitor, zap, Bound(endpoint: try socket.lastEndpoint(), firstNumber: firstNumber))
    }

    /// Turns until somebody asks to stop or the socket fails, then closes everything within the linger time.
    func run(_ handler: any ReactorHandler) -> StopCause {
        handler.started(context, now: MonotonicClock.now())
        let cause = turnUntilStopped(handler)
        part(handler)
        close()
        return cause
    }

    private func turnUntilStopped(_ handler: any ReactorHandler) -> StopCause {
        do throws(TransportError) {
            while true {
                if let reason = handle.stopReason { return .requested(reason) }
                try turn(handler)
            }
        } catch {
            return .failed(error)
        }
    }

    /// Lets the handler send its last words, and gives a router's peers a moment to read them: a DEALER drops what it
    /// has received but not read when its connection ends (ZeroMQ 4.3.4, because of IMMEDIATE), and closing ends it as
    /// soon as the last byte is sent.
    ///
    /// The router goes on listening meanwhile: ZeroMQ ends a listener's connections together with it.
    private func part(_ handler: any ReactorHandler) {
        let sent = context.counters.messagesSent
        handler.stopping(context, now: MonotonicClock.now())
        if isRouter && context.counters.messagesSent > sent {
            usleep(UInt32(1000 * min(options.lingerMilliseconds, Self.partingMilliseconds)))
        }
    }

    private func close() {
        context.socket = nil
        monitor.close()
        socket.close()
        zap?.socket.close()
        // Blocks until what is queued is sent, or the linger time has passed.
        zeroMQ = nil
    }

    private func turn(_ handler: any ReactorHandler) throws(TransportError) {
        let look = context.connections.isWorthLooking ? nextLook : nil
        let ready = try wait(until: [handler.nextDeadline(), events.first?.due, watch.due, look, trimDue])
        if ready.woken && handle.takeWake() {
            context.counters.wakes += 1
            handler.woken(context, now: MonotonicClock.now())
        }
        if ready.questions { context.counters.keysRefused += UInt64(try zap?.answer() ?? 0) }
        if ready.reports { try readReports() }
        deliverEvents(handler)
        if ready.messages { try receive(handler, atMost: options.messagesPerTurn) }
        if let due = watch.due, due <= MonotonicClock.now() { try reopen() }
        try watchConnections(handler)
        let now = MonotonicClock.now()
        if let deadline = handler.nextDeadline(), deadline <= now {
            handler.deadlinePassed(context, now: now)
        }
    }

    // MARK: Waiting

    private func setPollItems() {
        items = [
            socket.pollItem,
            monitor.socket.pollItem,
            zmq_pollitem_t(socket: nil, fd: handle.descriptor, events: Int16(ZMQ_POLLIN), revents: 0),
        ]
        if let zap { items.append(zap.socket.pollItem) }
    }

    private struct Ready {
        var messages = false
        var reports = false
        var woken = false
        /// Handshakes wait for their verdict.
        var questions = false
    }

    private func wait(until deadlines: [Instant?]) throws(TransportError) -> Ready {
        let timeout = Self.timeoutMilliseconds(until: deadlines.compactMap(\.self).min(), now: MonotonicClock.now())
        let code: Int32 = items.withUnsafeMutableBufferPointer { items in
            zmq_poll(items.baseAddress, Int32(items.count), timeout) < 0 ? zmq_errno() : 0
        }
        if code == EINTR { return Ready() }
        if code != 0 {
            throw .system(operation: "zmq_poll", code: code, message: String(cString: zmq_strerror(code)))
        }
        return Ready(
            messages: items[0].revents != 0,
            reports: items[1].revents != 0,
            woken: items[2].revents != 0,
            questions: items.count > 3 && items[3].revents != 0
        )
    }

    /// Milliseconds, rounded up so that a deadline has really come; -1 means for ever.
    private static func timeoutMilliseconds(until deadline: Instant?, now: Instant) -> Int {
        guard let deadline else { return -1 }
        guard deadline > now else { return 0 }
        let milliseconds = (deadline.nanoseconds - now.nanoseconds - 1) / 1_000_000 + 1
        // A minute at most: a turn too many costs nothing, and far deadlines never overflow.
        return Int(min(milliseconds, 60_000))
    }

    // MARK: Messages

    /// - Returns: whether no message waits any more.
    @discardableResult
    private func receive(_ handler: any ReactorHandler, atMost count: Int) throws(TransportError) -> Bool {
        for _ in 0..<count where handle.stopReason == nil {
            let received = try socket.receive(
                routed: isRouter,
                maxFrames: options.maxFrames,
                maxBytes: options.maxMessageBytes
            )
            switch received {
            case .nothing:
                return true
            case .tooManyFrames(let descriptor):
                try meet(nil, descriptor)
                context.counters.droppedForFrames += 1
                cut(descriptor, "a message of more than \(options.maxFrames) frames")
            case .tooManyBytes(let descriptor):
                try meet(nil, descriptor)
                context.counters.droppedForBytes += 1
                cut(descriptor, "a message of more than \(options.maxMessageBytes) bytes")
            case .named(let descriptor):
                try meet(nil, descriptor)
                cutNamed(descriptor)
            case .message(let peer, let frames, let bytes, let user, let descriptor):
                try meet(peer, descriptor)
                guard try isGiven(peer) else {
                    cutNamed(descriptor)
                    continue
                }
                context.counters.messagesReceived += 1
                context.counters.bytesReceived += UInt64(bytes)
                context.connections.noteDelivery(of: frames, from: peer, by: descriptor)
                handler.received(frames, from: peer, user: user, context, now: MonotonicClock.now())
            }
        }
        return false
    }

    /// A message may be here before its connection's beginning was read, and the end of the one that had the descriptor
    /// before, though ZeroMQ has reported both: whoever is new there would be taken for the earlier one.
    private func meet(_ peer: PeerID?, _ descriptor: Int32) throws(TransportError) {
        guard descriptor >= 0 else { return }
        if let peer, context.connections.knows(peer, by: descriptor) { return }
        try readReports()
    }

    /// Whether ZeroMQ gave a peer its name; reads as many reports as it takes to know that.
    private func isGiven(_ peer: PeerID) throws(TransportError) -> Bool {
        var hasMore = true
        while !context.connections.canHaveGiven(peer), hasMore { hasMore = try readReports() }
        return context.connections.canHaveGiven(peer)
    }

    private func cutNamed(_ descriptor: Int32) {
        context.counters.droppedForName += 1
        cut(descriptor, "a name of its own choice")
    }

    // MARK: Connections

    /// - Returns: whether there may be more.
    @discardableResult
    private func readReports() throws(TransportError) -> Bool {
        for _ in 0..<Self.reportsPerTurn {
            guard let report = try monitor.next() else { return false }
            let now = MonotonicClock.now()
            if !isRouter { watch.observe(report, now: now) }
            switch report {
            case .connecting: break
            case .opened(let descriptor): open(descriptor, now: now)
            case .ended(let descriptor, let endpoint):
                if context.connections.close(descriptor) { trimSoon(now) }
                note(.disconnected(endpoint: endpoint), due: now.advanced(milliseconds: Self.settleMilliseconds))
            case .event(let event): note(event, due: now)
            }
        }
        return true
    }

    private func note(_ event: ConnectionEvent, due: Instant) {
        count(event)
        events.append((event, due))
    }

    private func open(_ descriptor: Int32, now: Instant) {
        guard !context.connections.open(descriptor) else { return }
        context.counters.crowdings += 1
        trimSoon(now)
        guard now >= nextCrowdedNotice else { return }
        nextCrowdedNotice = now.advanced(milliseconds: Self.noticeMilliseconds)
        note(.crowded(limit: context.connections.capacity), due: now)
    }

    /// Ends the connections whose peers have begun more than they may, see `ConnectionTable`.
    private func watchConnections(_ handler: any ReactorHandler) throws(TransportError) {
        let start = MonotonicClock.now()
        if let due = trimDue, due <= start {
            trimDue = nil
            malloc_trim(0)
        }
        guard context.connections.isWorthLooking, start >= nextLook else { return }
        // What a message that waits is followed by would be taken for what came before it.
        let isSettled = try receive(handler, atMost: options.messagesPerTurn)
        context.connections.look(isSettled: isSettled)
        let end = MonotonicClock.now()
        let pause = max(Self.lookMilliseconds * 1_000_000, Self.lookShare * (end.nanoseconds - start.nanoseconds))
        nextLook = Instant(nanoseconds: end.nanoseconds + pause)
        guard !context.connections.excess().isEmpty else { return }
        // Whole messages may merely wait for this thread, which a handler or another process kept busy.
        try receive(handler, atMost: context.connections.messagesUntilDrained)
        for (descriptor, bytes) in context.connections.excess() {
            context.counters.cutForUnfinished += 1
            cut(descriptor, "\(bytes) bytes that are not a complete message")
        }
    }

    private func cut(_ descriptor: Int32, _ reason: String) {
        guard let peer = context.connections.cut(descriptor) else { return }
        let now = MonotonicClock.now()
        trimSoon(now)
        guard now >= nextCutNotice else { return }
        nextCutNotice = now.advanced(milliseconds: Self.noticeMilliseconds)
        note(.cutOff(peer: peer, reason: reason), due: now)
    }

    /// By then ZeroMQ has freed the messages; without this the process keeps their memory.
    private func trimSoon(_ now: Instant) {
        trimDue = trimDue ?? now.advanced(milliseconds: Self.noticeMilliseconds)
    }

    private func deliverEvents(_ handler: any ReactorHandler) {
        let now = MonotonicClock.now()
        let due = events.prefix { $0.due <= now }
        events.removeFirst(due.count)
        for (event, _) in due {
            handler.connectionChanged(event, context, now: now)
        }
    }

    private func count(_ event: ConnectionEvent) {
        switch event {
        case .connected: context.counters.connections += 1
        case .disconnected: context.counters.disconnections += 1
        case .handshakeFailed: context.counters.handshakesFailed += 1
        case .crowded, .cutOff: break
        case .retrying: context.counters.connectRetries += 1
        case .reopened: context.counters.socketsReopened += 1
        }
    }

    /// Replaces a dealer's dead socket, see `ReconnectWatch`.
    private func reopen() throws(TransportError) {
        guard let zeroMQ else { return }
        watch.reset()
        monitor.close()
        socket.close()
        (socket, monitor, _, _) = try Self.open(endpoint, isRouter: isRouter, options, security, zeroMQ)
        context.socket = socket
        context.connections = ConnectionTable(options, isEncrypted: security.isCurve)
        setPollItems()
        note(.reopened(endpoint: endpoint.description), due: MonotonicClock.now())
    }
}
