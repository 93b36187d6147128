import CascadeCore
import CascadeHost
import CascadeTransport
import CascadeWire
import Logging
import Testing

@testable import CascadeNode

/// A node's side of the protocol, before a coordinator that is played.
@Suite(.timeLimit(.minutes(1)))
struct NodeAgentTests {
    /// Asks each node that is ready to drain, and is another coordinator from then on, as one is that was started
    /// again.
    private final class Coordinator: ReactorHandler {
        private let heard: AsyncStream<Ready>.Continuation
        private var boot: UInt64 = 1

        init(_ heard: AsyncStream<Ready>.Continuation) {
            self.heard = heard
        }

        func received(
            _ frames: [[UInt8]],
            from peer: PeerID,
            user: PublicKey?,
            _ context: ReactorContext,
            now: Instant
        ) {
            switch try? WireCodec.decode(frames, limits: WireLimits()) {
            case .hello:
                let welcome = Welcome(boot: boot, heartbeatMilliseconds: 1_000, wantsTokenizer: false)
                _ = context.send(WireCodec.encode(.welcome(welcome)), to: peer)
            // A node may have said hello twice, and is then ready twice.
            case .ready(let ready) where ready.boot == boot:
                heard.yield(ready)
                _ = context.send(WireCodec.encode(.drain(Drain(boot: boot))), to: peer)
                _ = context.send(WireCodec.encode(.refused(Refused(code: .notReady, message: "who is it?"))), to: peer)
                boot += 1
            default: break
            }
        }

        func started(_ context: ReactorContext, now: Instant) {}
        func connectionChanged(_ event: ConnectionEvent, _ context: ReactorContext, now: Instant) {}
        func woken(_ context: ReactorContext, now: Instant) {}
        func deadlinePassed(_ context: ReactorContext, now: Instant) {}
        func nextDeadline() -> Instant? { nil }
        func stopping(_ context: ReactorContext, now: Instant) {}
    }

    private func hello(_ configuration: NodeConfiguration) -> Hello {
        Hello(
            identity: NodeIdentity(name: configuration.nodeName, incarnation: 1),
            role: configuration.role,
            pool: configuration.pool,
            software: configuration.software,
            modelName: "toy",
            modelFingerprint: Hash128(high: 0, low: 1),
            vocabularyHash: Hash128(high: 0, low: 2),
            vocabularyCount: 3,
            numericsID: "n1",
            contextLength: 64,
            kvTokens: 64
        )
    }

    /// A node that drains and still works takes no new work from a coordinator that was started again either.
    @Test func aDrainingNodeIsNotReadyForAnotherCoordinator() async throws {
        let (heard, continuation) = AsyncStream<Ready>.makeStream()
        let coordinator = try Reactor.start(role: .router(bind: "tcp://127.0.0.1:0"), name: "coordinator") { _ in
            Coordinator(continuation)
        }
        let configuration = NodeConfiguration.expert(at: coordinator.boundEndpoint)
        let mailbox = Mailbox()
        mailbox.setEngineState(.ready([]))
        // Something is still to be computed, so that it stays.
        mailbox.endPass(Progress(passes: 0, pending: 1, kvTokensUsed: 0, busyMilliseconds: 0), replies: [])
        let hello = hello(configuration)
        let node = try Reactor.start(role: .dealer(connect: coordinator.boundEndpoint), name: "expert") { _ in
            NodeAgent(
                hello: hello,
                configuration: configuration,
                tokenizerBlock: [],
                mailbox: mailbox,
                outcome: NodeOutcome(),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
        }
        var readies: [Ready] = []
        for await ready in heard {
            readies.append(ready)
            if readies.count == 2 { break }
        }
        #expect(readies.map(\.boot) == [1, 2])
        #expect(readies.map(\.credits) == [4, 0])
        for reactor in [node, coordinator] {
            reactor.stop("done")
            await reactor.waitUntilStopped()
        }
        ProcessHealth(role: "expert", state: "stopped", note: "").remove()
    }
}
