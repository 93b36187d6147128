import CascadeCore
import Testing

@testable import CascadeWorker

/// A node's side of the protocol.
struct NodeStateMachineTests {
    /// A machine, its engine and what it said.
    private struct Node {
        var machine: NodeStateMachine
        var engine = EngineStatus(
            state: .ready([CostPoint(rows: 1, milliseconds: 10)]),
            progress: Progress(passes: 0, pending: 0, kvTokensUsed: 0, busyMilliseconds: 0)
        )
        var now = Instant(nanoseconds: 1_000_000_000)

        init(_ role: NodeRole = .expert, tokenizerBytes: Int = 0) {
            let hello = Hello(
                identity: NodeIdentity(name: "node", incarnation: 7),
                role: role,
                pool: "default",
                software: "test",
                modelName: "toy",
                modelFingerprint: Hash128(high: 0, low: 1),
                vocabularyHash: Hash128(high: 0, low: 2),
                vocabularyCount: 3,
                numericsID: "n1",
                contextLength: 64,
                kvTokens: 64
            )
            let settings = NodeStateMachine.Settings(
                hello: hello,
                endpoint: "nowhere",
                credits: 2,
                maxBatchedTokens: 64,
                tokenizerBlock: [UInt8](repeating: 1, count: tokenizerBytes),
                chunkBytes: 100
            )
            machine = NodeStateMachine(settings, now: now)
        }

        mutating func feed(_ event: NodeStateMachine.Event) -> [NodeStateMachine.Action] {
            machine.handle(event, engine, at: now)
        }

        /// What it sends because of an event.
        mutating func sent(_ event: NodeStateMachine.Event) -> [Message] {
            feed(event).compactMap { if case .send(let message) = $0 { message } else { nil } }
        }

        mutating func welcome(boot: UInt64, wantsTokenizer: Bool = false) -> [Message] {
            let welcome = Welcome(boot: boot, heartbeatMilliseconds: 250, wantsTokenizer: wantsTokenizer)
            return sent(.message(.welcome(welcome)))
        }

        mutating func pass(milliseconds: UInt64) { now = now.advanced(milliseconds: milliseconds) }
    }

    private func verify(boot: UInt64, incarnation: UInt64 = 7) -> Message {
        let sequence = SequenceID(job: JobID(rawValue: 1))
        let fence = Fence(boot: boot, incarnation: incarnation, sequence: sequence, round: 1)
        let prefix = Prefix(baseLength: 1, hash: PrefixHash.empty, tail: [1])
        return .verify(Verify(fence: fence, specID: 1, spec: nil, prefix: prefix, draft: []))
    }

    private func isHello(_ message: Message) -> Bool { if case .hello = message { true } else { false } }

    /// Milliseconds at which it says hello within a minute, where nobody answers.
    @Test func itSaysHelloUntilItIsAnswered() {
        var node = Node()
        var hellos: [UInt64] = []
        for millisecond in stride(from: UInt64(0), to: 60_000, by: 250) {
            hellos += node.sent(.tick).filter(isHello).map { _ in millisecond }
            node.pass(milliseconds: 250)
        }
        #expect(hellos.prefix(11) == [0, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000, 8_000, 9_000, 10_000])
        #expect(hellos.dropFirst(11).first == 15_000 && hellos.count == 20)
        // A connection that stands at last is used at once.
        #expect(node.sent(.connected).count(where: isHello) == 1)
    }

    @Test func itIsReadyOnceItsEngineIs() {
        var node = Node(tokenizerBytes: 250)
        node.engine.state = .loading
        let parts = node.welcome(boot: 1, wantsTokenizer: true)
        let sizes = parts.compactMap { if case .tokenizerChunk(let chunk) = $0 { chunk.bytes.count } else { nil } }
        #expect(sizes == [100, 100, 50] && parts.count == 3)
        node.engine.state = .ready([CostPoint(rows: 1, milliseconds: 10)])
        let ready = node.sent(.engine(answers: []))
        guard case .ready(let said)? = ready.first, ready.count == 1 else {
            Issue.record("not ready: \(ready)")
            return
        }
        #expect(said.boot == 1 && said.credits == 2 && said.costs == [CostPoint(rows: 1, milliseconds: 10)])
        #expect(node.sent(.engine(answers: [])).isEmpty, "it is said once")
    }

    @Test func workCountsWithinItsBootAndIncarnation() {
        var node = Node()
        #expect(node.feed(.message(verify(boot: 1))).isEmpty, "not joined")
        _ = node.welcome(boot: 1)
        func isWork(_ actions: [NodeStateMachine.Action]) -> Bool {
            if case .work? = actions.first, actions.count == 1 { true } else { false }
        }
        #expect(isWork(node.feed(.message(verify(boot: 1)))))
        #expect(node.feed(.message(verify(boot: 2))).isEmpty)
        #expect(node.feed(.message(verify(boot: 1, incarnation: 8))).isEmpty)
        node.engine.progress.pending = 4
        guard case .failed(let failed)? = node.sent(.message(verify(boot: 1))).first else {
            Issue.record("more than twice its credits were taken")
            return
        }
        #expect(failed.code == .overloaded)
    }

    @Test func anotherCoordinatorIsJoinedAnew() {
        var node = Node()
        _ = node.feed(.connected)
        _ = node.welcome(boot: 1)
        guard case .pong(let pong)? = node.sent(.message(.ping(Ping(boot: 1, number: 3)))).first else {
            Issue.record("no pong")
            return
        }
        #expect(pong.number == 3)
        #expect(node.sent(.message(.ping(Ping(boot: 2, number: 1)))).map(isHello) == [true])
        // One hello is enough for all that the new one does not know.
        let refused = Message.refused(Refused(code: .notReady, message: "who is it?"))
        #expect(node.sent(.message(refused)).isEmpty)
        _ = node.welcome(boot: 2)
        #expect(node.machine.boot == 2)
        node.pass(milliseconds: 999)
        #expect(node.sent(.tick).isEmpty)
        node.pass(milliseconds: 1)
        #expect(node.sent(.tick).map(isHello) == [true], "four heartbeats of silence")
    }

    @Test func refusalsAreTriedAgainWhereTheySaySo() {
        var node = Node()
        let later = Refused(code: .overloaded, message: "full", retryAfterMilliseconds: 300)
        #expect(node.sent(.message(.refused(later))).isEmpty)
        node.pass(milliseconds: 299)
        #expect(node.sent(.tick).isEmpty)
        node.pass(milliseconds: 1)
        #expect(node.sent(.tick).count == 1)
        let never = Refused(code: .badRequest, message: "another model")
        let endings = node.feed(.message(.refused(never))).compactMap { action in
            if case .stop(let ending) = action { ending } else { nil }
        }
        #expect(endings == [.refused("another model")])
    }

    @Test func itLeavesWhenItIsDrained() {
        func ends(_ actions: [NodeStateMachine.Action]) -> Bool {
            actions.contains { if case .stop(.drained) = $0 { true } else { false } }
        }
        var node = Node()
        _ = node.welcome(boot: 1)
        node.engine.progress.pending = 1
        #expect(!ends(node.feed(.message(.drain(Drain(boot: 1))))))
        node.engine.progress.pending = 0
        node.engine.hasUnsent = true
        #expect(!ends(node.feed(.engine(answers: []))))
        node.engine.hasUnsent = false
        #expect(ends(node.feed(.tick)))
    }
}
