internal import CascadeCore
internal import CascadeHost
internal import CascadeKeys
internal import CascadeTransport
internal import CascadeWire

/// A client's side of the socket, confined to its reactor thread.
final class ClientHandler: ReactorHandler {
    private let continuation: AsyncStream<ClientEvent>.Continuation
    private let outbox: ClientOutbox
    private var nextTick: Instant
    private var door: LockedDoor

    init(continuation: AsyncStream<ClientEvent>.Continuation, outbox: ClientOutbox, door: LockedDoor) {
        self.door = door
        self.continuation = continuation
        self.outbox = outbox
        nextTick = MonotonicClock.now()
    }

    func started(_ context: ReactorContext, now: Instant) {}

    func received(
        _ frames: [[UInt8]],
        from peer: PeerID,
        user: PublicKey?,
        _ context: ReactorContext,
        now: Instant
    ) {
        do throws(WireError) {
            continuation.yield(.message(try WireCodec.decode(frames, limits: WireLimits())))
        } catch {
            continuation.yield(.unreadable("\(error)"))
        }
    }

    func connectionChanged(_ event: ConnectionEvent, _ context: ReactorContext, now: Instant) {
        if let problem = door.observe(event) { continuation.yield(.locked(problem)) }
        switch event {
        case .connected:
            continuation.yield(.connected)
            flush(context)
        case .disconnected: continuation.yield(.disconnected)
        default: break
        }
    }

    func woken(_ context: ReactorContext, now: Instant) {
        flush(context)
    }

    func deadlinePassed(_ context: ReactorContext, now: Instant) {
        nextTick = now.advanced(milliseconds: 250)
        flush(context)
        continuation.yield(.tick)
    }

    func nextDeadline() -> Instant? { nextTick }

    func stopping(_ context: ReactorContext, now: Instant) {
        flush(context)
    }

    private func flush(_ context: ReactorContext) {
        outbox.flush { message in
            if case .sent = context.send(WireCodec.encode(message), to: .only) { true } else { false }
        }
    }
}
