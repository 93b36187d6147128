import CascadeCore

@testable import CascadeCoordinator

/// A coordinator with a node in a state, and an event for it. The node is an expert, and no other is there.
struct NodeScene {
    private var harness = Harness()
    private let node = ToyNode("node", .expert, peer: PeerWord.node.rawValue)
    /// What the event came as.
    private(set) var stimulus: Stimulus?

    /// Brings the node into `state`.
    init(_ state: NodeWord) {
        if state == .unknown { return }
        feed(.hello(node.hello))
        if state == .loading { return }
        feed(ready(credits: 1))
        if state == .draining { feed(ready(credits: 0)) }
    }

    /// Where the node stands.
    var state: NodeWord { NodeWord(of: "node", in: harness.machine) }

    /// Feeds the event; says what became of the node, and what was done.
    mutating func play(_ event: NodeEvent, _ condition: NodeCondition?) -> (next: NodeWord, steps: [Step]) {
        prepare(event, condition)
        let steps = perform(event).compactMap { Step($0, about: nil) }
        return (state, steps)
    }

    private mutating func prepare(_ event: NodeEvent, _ condition: NodeCondition?) {
        if event == .silent || condition == .unheard {
            for handle in harness.machine.nodes.all {
                harness.machine.nodes.change(handle) { $0.hear(at: Instant(nanoseconds: 0)) }
            }
        }
        if event == .silent || event == .heartbeat { harness.machine.nextHeartbeat = harness.now }
        if condition == .fourth { harness.machine.lastPing = 3 }
    }

    private mutating func perform(_ event: NodeEvent) -> [CoordinatorStateMachine.Action] {
        let fence = Fence(boot: 77, incarnation: 1, sequence: SequenceID(job: JobID(rawValue: 1)), round: 1)
        switch event {
        case .hello: return feed(.hello(node.hello))
        case .nonsense:
            var hello = node.hello
            hello.contextLength = 1
            return feed(.hello(hello))
        case .successor:
            let newcomer = ToyNode("node", .expert, incarnation: 2, peer: PeerWord.newcomer.rawValue)
            return feed(.hello(newcomer.hello), from: .newcomer)
        case .ready: return feed(ready(credits: 1))
        case .noCredits: return feed(ready(credits: 0))
        case .readyElsewhere: return feed(.ready(Ready(boot: 76, costs: [], credits: 1)))
        case .drained: return feed(.drainNode(DrainNode(requestID: 9, name: "node")), from: .administrator)
        case .pong: return feed(pong(boot: 77))
        case .pongElsewhere: return feed(pong(boot: 76))
        case .chunk:
            let bytes: [UInt8] = [1, 2]
            return feed(
                .tokenizerChunk(TokenizerChunk(vocabularyHash: Toy.hash, totalBytes: 4, offset: 0, bytes: bytes))
            )
        case .staleDraft: return feed(.drafted(Drafted(fence: fence, positions: [])))
        case .staleVerdict: return feed(.verified(Verified(fence: fence, evidence: [], bonus: 1)))
        case .staleMissing: return feed(.missing(Missing(fence: fence, length: 0, needsSpec: true)))
        case .staleFailure: return feed(.failed(Failed(fence: fence, code: .nodeFailed, message: "")))
        case .goodbye: return feed(.goodbye(Goodbye(reason: "")))
        case .lost: return feed(.peerLost(PeerWord.node.peer))
        case .silent, .heartbeat: return feed(.tick)
        }
    }

    private func ready(credits: UInt32) -> Message { .ready(Ready(boot: 77, costs: [], credits: credits)) }

    private func pong(boot: UInt64) -> Message {
        let progress = Progress(passes: 1, pending: 0, kvTokensUsed: 0, busyMilliseconds: 0)
        return .pong(Pong(boot: boot, number: 1, progress: progress))
    }

    @discardableResult
    private mutating func feed(_ event: CoordinatorStateMachine.Event) -> [CoordinatorStateMachine.Action] {
        stimulus = Stimulus(event)
        return harness.feed(event)
    }

    @discardableResult
    private mutating func feed(_ message: Message, from word: PeerWord = .node) -> [CoordinatorStateMachine.Action] {
        feed(.message(message, from: word.peer, by: .anybody))
    }
}
