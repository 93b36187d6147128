import CascadeCore
import CascadeHost
import Synchronization

@testable import CascadeTransport

/// A test's view into a reactor: what its handler saw, and a way to run code on its thread.
final class Probe: Sendable {
    struct Message: Sendable {
        var peer: PeerID
        var frames: [[UInt8]]
        var user: PublicKey?
    }

    struct State {
        var received: [Message] = []
        var events: [ConnectionEvent] = []
        var jobs: [@Sendable (ReactorContext) -> Void] = []
        var deadlines: [Instant] = []
        var fired: [(deadline: Instant, at: Instant)] = []
        var wakes = 0
        var isStarted = false
        var isStopping = false
        var isReleased = false
    }

    let state = Mutex(State())
    /// Sends every message back to where it came from.
    let echoes: Bool
    /// Called in `stopping`.
    let farewell: (@Sendable (ReactorContext, State) -> Void)?

    init(echoes: Bool = false, farewell: (@Sendable (ReactorContext, State) -> Void)? = nil) {
        self.echoes = echoes
        self.farewell = farewell
    }

    func start(
        _ role: SocketRole,
        _ options: TransportOptions = TransportOptions(),
        security: TransportSecurity = .none,
        context: ZMQContext? = nil
    ) throws(TransportError) -> Reactor {
        try Reactor.start(role: role, options: options, security: security, name: "test", context: context) { _ in
            ProbeHandler(self)
        }
    }

    /// Runs `body` on the reactor's thread and hands back its result.
    func run<T: Sendable>(on reactor: Reactor, _ body: @escaping @Sendable (ReactorContext) -> T) async -> T {
        await withCheckedContinuation { continuation in
            state.withLock { $0.jobs.append { continuation.resume(returning: body($0)) } }
            reactor.wake()
        }
    }

    func send(_ frames: [[UInt8]], to peer: PeerID = .only, on reactor: Reactor) async -> SendResult {
        await run(on: reactor) { $0.send(frames, to: peer) }
    }

    var received: [Message] { state.withLock { $0.received } }
    var events: [ConnectionEvent] { state.withLock { $0.events } }

    func sees(_ isWanted: (ConnectionEvent) -> Bool) -> Bool {
        events.contains(where: isWanted)
    }

    var isConnected: Bool {
        var last = false
        for event in events {
            switch event {
            case .connected: last = true
            case .disconnected, .reopened: last = false
            default: break
            }
        }
        return last
    }
}

/// Records everything in its probe.
final class ProbeHandler: ReactorHandler {
    private let probe: Probe

    init(_ probe: Probe) {
        self.probe = probe
    }

    deinit {
        probe.state.withLock { $0.isReleased = true }
    }

    func started(_ context: ReactorContext, now: Instant) {
        probe.state.withLock { $0.isStarted = true }
    }

    func received(
        _ frames: [[UInt8]],
        from peer: PeerID,
        user: PublicKey?,
        _ context: ReactorContext,
        now: Instant
    ) {
        probe.state.withLock { $0.received.append(.init(peer: peer, frames: frames, user: user)) }
        if probe.echoes { _ = context.send(frames, to: peer) }
    }

    func connectionChanged(_ event: ConnectionEvent, _ context: ReactorContext, now: Instant) {
        probe.state.withLock { $0.events.append(event) }
    }

    func woken(_ context: ReactorContext, now: Instant) {
        let jobs = probe.state.withLock { state in
            state.wakes += 1
            defer { state.jobs = [] }
            return state.jobs
        }
        for job in jobs { job(context) }
    }

    func deadlinePassed(_ context: ReactorContext, now: Instant) {
        probe.state.withLock { state in
            for deadline in state.deadlines.sorted() where deadline <= now { state.fired.append((deadline, now)) }
            state.deadlines.removeAll { $0 <= now }
        }
    }

    func nextDeadline() -> Instant? {
        probe.state.withLock { $0.deadlines.min() }
    }

    func stopping(_ context: ReactorContext, now: Instant) {
        probe.farewell?(context, probe.state.withLock { $0 })
        probe.state.withLock { $0.isStopping = true }
    }
}

/// Waits until `condition` holds; false if it does not within `seconds`.
func eventually(within seconds: Double = 8, _ condition: () -> Bool) async -> Bool {
    let start = MonotonicClock.now()
    while !condition() {
        if MonotonicClock.now().milliseconds(since: start) > seconds * 1000 { return false }
        try? await Task.sleep(for: .milliseconds(2))
    }
    return true
}

/// `count` bytes that depend on the seed only.
func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var state = seed
    return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 33)
    }
}

/// The port in an endpoint such as tcp://127.0.0.1:40000.
func port(of endpoint: String) -> UInt16 {
    UInt16(endpoint.split(separator: ":").last ?? "") ?? 0
}
