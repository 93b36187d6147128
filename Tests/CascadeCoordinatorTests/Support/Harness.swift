import CascadeCoordinator
import CascadeCore

/// A coordinator with toy nodes, driven by hand.
struct Harness {
    var machine: CoordinatorStateMachine
    var now = Instant(nanoseconds: 1_000_000_000_000)
    /// Nodes that answer by themselves while ``settle()`` runs.
    var nodes: [ToyNode] = []
    /// Peers whose messages stay where they are, in ``held``.
    var muted: Set<PeerID> = []
    /// What muted nodes were sent.
    var held: [(message: Message, to: PeerID)] = []
    /// What everybody else was sent.
    var inbox: [PeerID: [Message]] = [:]
    var hasExited = false
    /// Tokenizers that the driver has.
    var tokenizers: Set<TokenizerID> = []
    var forgottenPools: [String] = []
    /// Whether prompts become tokens at once, and those that did not.
    var readsPrompts = true
    var unreadPrompts: [CoordinatorStateMachine.Tokenization] = []
    /// What was to be written down.
    var records: [JournalRecord] = []
    /// Messages under way to nodes.
    private var sent: [(message: Message, to: PeerID)] = []
    private var lastRequest: UInt64 = 0
    private var lastKey: UInt64 = 0
    private var lastReturn = 0

    static let client = PeerID(Array("client".utf8))

    /// Limits with a fixed draft length, as most tests want it.
    static var fixed: CoordinatorLimits {
        var limits = CoordinatorLimits()
        limits.draftLength = .fixed(4)
        return limits
    }

    init(limits: CoordinatorLimits = fixed, keepsJournal: Bool = false) {
        machine = CoordinatorStateMachine(
            boot: 77,
            limits: limits,
            seedForJobs: 5,
            software: "test",
            now: Instant(nanoseconds: 1_000_000_000_000),
            keepsJournal: keepsJournal
        )
    }

    /// A coordinator with one drafter and one expert.
    static func pair(limits: CoordinatorLimits = fixed) -> Harness {
        var harness = Harness(limits: limits)
        harness.join(ToyNode("expert", .expert))
        harness.join(ToyNode("drafter", .drafter))
        return harness
    }

    // MARK: Events

    @discardableResult
    mutating func feed(_ event: CoordinatorStateMachine.Event) -> [CoordinatorStateMachine.Action] {
        if case .vocabulary(_, let tokenizer, _) = event { tokenizers.insert(tokenizer) }
        let actions = machine.handle(event, at: now)
        for action in actions {
            switch action {
            case .send(let message, let peer): route(message, peer)
            case .tokenize(let prompt):
                if readsPrompts {
                    feed(.tokenized(prompt.job, .tokens(Toy.tokens(prompt.prompt))))
                } else {
                    unreadPrompts.append(prompt)
                }
            case .exit: hasExited = true
            case .journal(let record): records.append(record)
            case .forgetPool(let pool): forgottenPools.append(pool)
            case .forgetTokenizer(let tokenizer): tokenizers.remove(tokenizer)
            case .collectTokenizer, .log: break
            }
        }
        return actions
    }

    @discardableResult
    mutating func feed(
        _ message: Message,
        from peer: PeerID = client,
        by principal: Principal = .anybody
    ) -> [CoordinatorStateMachine.Action] {
        feed(.message(message, from: peer, by: principal))
    }

    private mutating func route(_ message: Message, _ peer: PeerID) {
        if muted.contains(peer) {
            held.append((message, peer))
        } else if nodes.contains(where: { $0.peer == peer }) {
            sent.append((message, peer))
        } else {
            inbox[peer, default: []].append(message)
        }
    }

    /// Lets nodes answer until nobody has anything to say.
    mutating func settle(steps: Int = 100_000) {
        for _ in 0..<steps where !sent.isEmpty { deliver() }
    }

    /// How often a node was asked.
    func asked(_ name: String) -> Int { node(name).received.count { $0.requestFence != nil } }

    /// Whether no message is under way to a node.
    var nothingIsSent: Bool { sent.isEmpty }

    /// The expert that the next message asks about a job; nil where it asks nobody, or about another one.
    func nextNode(askedFor job: JobID) -> String? {
        guard case .verify(let verify)? = sent.first?.message, verify.fence.sequence.job == job else { return nil }
        return nodes.first { $0.peer == sent.first?.to }?.hello.identity.name
    }

    /// Delivers one message to its node and feeds the answer.
    mutating func deliver() {
        guard !sent.isEmpty else { return }
        let (message, peer) = sent.removeFirst()
        guard let index = nodes.firstIndex(where: { $0.peer == peer }) else { return }
        if message.requestFence != nil, goesAway(index, message) { return }
        if let answer = nodes[index].answer(message) { feed(answer, from: peer) }
    }

    /// Lets time pass in steps of at most 100 ms, with ticks where the machine wants them.
    mutating func wait(milliseconds: UInt64, settling: Bool = true) {
        let end = now.advanced(milliseconds: milliseconds)
        while now < end {
            now = min(end, now.advanced(milliseconds: 100))
            if let due = machine.nextDeadline, due <= now { feed(.tick) }
            if settling { settle() }
        }
    }

    // MARK: Nodes

    /// Whether a node goes when it is asked, and comes back at once.
    private mutating func goesAway(_ index: Int, _ message: Message) -> Bool {
        var node = nodes[index]
        node.received.append(message)
        lastReturn += 1
        let identity = node.hello.identity
        let peer = "\(identity.name) returns for the \(lastReturn). time"
        now = now.advanced(milliseconds: 1)
        switch node.vice {
        case .dies:
            feed(.peerLost(node.peer))
            nodes.remove(at: index)
            join(node.reborn(incarnation: identity.incarnation + 1, peer: peer), costs: node.costs)
        case .leaves:
            feed(.goodbye(Goodbye(reason: "")), from: node.peer)
            nodes.remove(at: index)
            join(node.reborn(incarnation: identity.incarnation, peer: peer), costs: node.costs)
        case .reconnects:
            nodes.remove(at: index)
            join(node.reborn(incarnation: identity.incarnation, peer: peer), costs: node.costs)
        case .none, .nonsense, .fails, .forgets: return false
        }
        return true
    }

    /// A node joins, ships its vocabulary where it is asked for it, and is ready.
    mutating func join(
        _ node: ToyNode,
        credits: UInt32 = 8,
        costs: [CostPoint] = [CostPoint(rows: 1, milliseconds: 10)]
    ) {
        startLoading(node, costs: costs)
        feed(.ready(Ready(boot: 77, costs: costs, credits: credits)), from: node.peer)
    }

    /// A node that is welcome and not ready yet.
    mutating func startLoading(_ node: ToyNode, costs: [CostPoint] = [CostPoint(rows: 1, milliseconds: 10)]) {
        nodes.removeAll { $0.peer == node.peer }
        nodes.append(node)
        nodes[nodes.count - 1].costs = costs
        feed(.hello(node.hello), from: node.peer)
        feed(.vocabulary(pool: node.hello.pool, TokenizerID(node.hello), Toy.vocabulary))
    }

    func node(_ name: String) -> ToyNode {
        nodes.last { $0.hello.identity.name == name }!
    }

    /// Messages to a node stay in ``held`` from now on; what is under way to it too.
    mutating func mute(_ name: String) {
        let peer = node(name).peer
        muted.insert(peer)
        held += sent.filter { $0.to == peer }
        sent.removeAll { $0.to == peer }
    }

    /// The node answers what was held back, in order.
    mutating func unmute(_ name: String) {
        let peer = node(name).peer
        muted.remove(peer)
        sent += held.filter { $0.to == peer }
        held.removeAll { $0.to == peer }
    }

    /// The last Draft or Verify that a muted node was sent.
    func heldRequest(_ name: String) -> Message? {
        guard let peer = nodes.last(where: { $0.hello.identity.name == name })?.peer else { return nil }
        return held.last { item in
            guard item.to == peer else { return false }
            switch item.message {
            case .draft, .verify: return true
            default: return false
            }
        }?.message
    }

    func heldVerify(_ name: String) -> Verify? {
        if case .verify(let verify) = heldRequest(name) { return verify }
        return nil
    }

    func heldDraft(_ name: String) -> Draft? {
        if case .draft(let draft) = heldRequest(name) { return draft }
        return nil
    }

    // MARK: Clients

    /// A submission with settings that suit the toy, drafted for by a model alone; every call draws a new key.
    mutating func submission(_ prompt: String = "hello", maxTokens: UInt32 = 20) -> Submit {
        lastRequest += 1
        lastKey += 1
        return Submit(
            requestID: lastRequest,
            submitKey: Hash128(high: 3, low: lastKey),
            pool: "default",
            prompt: Array(prompt.utf8),
            format: .raw,
            sampling: SamplingSettings(),
            rule: RuleSettings(),
            maxTokens: maxTokens,
            seed: 11,
            drafterKind: .model
        )
    }

    /// Submits and returns the job that was accepted.
    @discardableResult
    mutating func submit(
        _ submit: Submit,
        from peer: PeerID = client,
        by principal: Principal = .anybody
    ) -> JobID? {
        feed(.submit(submit), from: peer, by: principal)
        return messages(peer).compactMap { message in
            if case .accepted(let accepted) = message, accepted.requestID == submit.requestID { return accepted.job }
            return nil
        }.last
    }

    func messages(_ peer: PeerID = client) -> [Message] { inbox[peer] ?? [] }

    func report(_ job: JobID?, _ peer: PeerID = client) -> JobReport? {
        messages(peer).compactMap { message in
            if case .finished(let finished) = message, finished.report.job == job { return finished.report }
            return nil
        }.last
    }

    func deltas(_ job: JobID?, _ peer: PeerID = client) -> [Delta] {
        messages(peer).compactMap { message in
            if case .delta(let delta) = message, delta.job == job { return delta }
            return nil
        }
    }

    func refusals(_ peer: PeerID = client) -> [Refused] {
        messages(peer).compactMap { message in
            if case .refused(let refused) = message { return refused }
            return nil
        }
    }
}
