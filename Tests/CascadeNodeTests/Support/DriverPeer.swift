import CascadeCore
import CascadeTransport
import CascadeWire
import Synchronization

/// A peer of a coordinator over a real socket: sends what it is told to, and hands out what it hears in that order.
final class DriverPeer: Sendable {
    private let reactor: Reactor
    private let outbox: Outbox
    private let heard: AsyncStream<Message>

    /// Begins to connect.
    init(_ endpoint: String) throws {
        let (heard, continuation) = AsyncStream<Message>.makeStream()
        let outbox = Outbox()
        reactor = try Reactor.start(role: .dealer(connect: endpoint), name: "peer") { _ in
            Handler(outbox, continuation)
        }
        (self.outbox, self.heard) = (outbox, heard)
    }

    /// Sends a message once the connection stands.
    func send(_ message: Message) { send(frames: WireCodec.encode(message)) }

    /// Sends whatever it is.
    func send(frames: [[UInt8]]) {
        outbox.frames.withLock { $0.append(frames) }
        reactor.wake()
    }

    /// Waits for the first message that `match` makes something of; those before it are gone. Nil when the connection
    /// was closed.
    func first<Answer>(_ match: (Message) -> Answer?) async -> Answer? {
        for await message in heard {
            if let answer = match(message) { return answer }
        }
        return nil
    }

    /// What it hears until it has an answer of the coordinator to a question that it asks now, and that answer: all
    /// that was sent to it before the coordinator came to the question.
    func heardSoFar() async -> (messages: [Message], status: ClusterStatus?) {
        let number = UInt64.random(in: 1...1 << 40)
        send(.statusRequest(StatusRequest(requestID: number)))
        var messages: [Message] = []
        let status = await first { message -> ClusterStatus? in
            if case .clusterStatus(let status) = message, status.requestID == number { return status }
            messages.append(message)
            return nil
        }
        return (messages, status)
    }

    /// Ends the connection without a word.
    func close() async {
        reactor.stop("done")
        await reactor.waitUntilStopped()
    }

    private final class Outbox: Sendable {
        let frames = Mutex<[[[UInt8]]]>([])
    }

    private final class Handler: ReactorHandler {
        private let outbox: Outbox
        private let heard: AsyncStream<Message>.Continuation

        init(_ outbox: Outbox, _ heard: AsyncStream<Message>.Continuation) {
            (self.outbox, self.heard) = (outbox, heard)
        }

        func received(
            _ frames: [[UInt8]],
            from peer: PeerID,
            user: PublicKey?,
            _ context: ReactorContext,
            now: Instant
        ) {
            if let message = try? WireCodec.decode(frames, limits: WireLimits()) { heard.yield(message) }
        }

        func connectionChanged(_ event: ConnectionEvent, _ context: ReactorContext, now: Instant) { flush(context) }
        func woken(_ context: ReactorContext, now: Instant) { flush(context) }
        func started(_ context: ReactorContext, now: Instant) {}
        func deadlinePassed(_ context: ReactorContext, now: Instant) {}
        func nextDeadline() -> Instant? { nil }
        func stopping(_ context: ReactorContext, now: Instant) { heard.finish() }

        private func flush(_ context: ReactorContext) {
            outbox.frames.withLock { waiting in
                while let frames = waiting.first, context.send(frames, to: .only) == .sent { waiting.removeFirst() }
            }
        }
    }
}
