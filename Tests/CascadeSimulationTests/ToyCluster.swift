import CascadeClient
import CascadeCoordinator
import CascadeCore
import CascadeTestSupport
import CascadeWire

@testable import CascadeSimulation

/// A whole service over a toy pair that can be copied at any moment: the real coordinator, drafters and experts, a
/// client with one job, and the wire between them. All that is sent is encoded and decoded.
struct ToyCluster: Sendable {
    /// A message under way: to the coordinator from a peer, or from it to one.
    private struct Parcel {
        var frames: [[UInt8]]
        var peer: PeerID
        var isUp: Bool
    }

    /// A parcel that waits for something.
    private struct Held {
        var parcel: Parcel
        var round: UInt32
        var fate: ToyFault.Fate
    }

    /// The first message of a kind for one round or prefix.
    private struct First: Hashable {
        var kind: MessageKind
        var number: UInt32
    }

    private(set) var machine: CoordinatorStateMachine
    private(set) var client: SimulatedClient
    /// The committed rounds.
    private(set) var rounds: [ToyRound] = []
    /// Judged drafts with an end token.
    private(set) var draftsWithEnd = 0
    /// How often the network did something to a message.
    private(set) var faults = 0
    /// What went wrong, in words.
    private(set) var problem: String?

    private let fault: ToyFault?
    private var workers: [ToyWorker]
    private var now = Instant(nanoseconds: 1)
    private var parcels: [Parcel] = []
    private var held: [Held] = []
    private var seen: Set<First> = []
    /// Base length of each round that was drafted for, and for how many tokens it asked.
    private var bases: [UInt32: UInt32] = [:]
    private var asked: [UInt32: Int] = [:]
    private var round: UInt32 = 0
    private var ticks = 0

    private static let prompt: [Token] = [0]
    private static let address = SimulatedAddress(.client, 0, connection: 0)

    init(_ setting: ToySetting, draws: BranchingDraws) {
        var limits = CoordinatorLimits()
        limits.draftSilenceMilliseconds = 300
        limits.verifySilenceMilliseconds = 300
        limits.benchMilliseconds = 1
        machine = CoordinatorStateMachine(
            boot: 1,
            limits: limits,
            seedForJobs: 1,
            software: "test",
            now: now,
            draws: { _ in draws }
        )
        fault = setting.fault
        client = SimulatedClient(
            link: SimulatedLink(address: Self.address),
            submit: setting.submit,
            cancelsAt: nil,
            isBad: false
        )
        workers = [NodeRole.expert, .drafter].flatMap { role in
            (0..<(setting.fault?.hasSecond(role) == true ? 2 : 1)).map {
                ToyWorker(role, number: $0, setting, draws)
            }
        }
        for worker in workers {
            feed(.message(.hello(worker.hello), from: worker.peer, by: .anybody))
            if worker.hello.role == .expert {
                feed(.vocabulary(pool: "default", TokenizerID(worker.hello), Self.vocabulary))
            }
            let costs = worker.hello.role == .expert ? setting.expertCosts : setting.drafterCosts
            feed(.message(.ready(Ready(boot: 1, costs: costs, credits: 4)), from: worker.peer, by: .anybody))
        }
        parcels = []
        perform(client.tick(at: now))
    }

    private static let vocabulary = Vocabulary(
        pieces: [[97], [98], [99], []],
        endTokens: [ToyPair.end],
        hash: ToyWorker.vocabularyHash
    )

    /// Whether the client has its answer and nothing is under way.
    var isDone: Bool { client.report != nil && parcels.isEmpty && held.isEmpty }

    /// Delivers the next message, or lets time pass until something is sent again.
    mutating func step() {
        if !parcels.isEmpty {
            deliver(parcels.removeFirst())
        } else if let due = machine.nextDeadline {
            ticks += 1
            precondition(ticks < 1000, "the job never ends")
            now = max(now, due)
            feed(.tick)
        }
    }

    private mutating func deliver(_ parcel: Parcel) {
        let message: Message
        do {
            message = try WireCodec.decode(parcel.frames)
        } catch {
            problem = "\(error)"
            return
        }
        // Time passes, so that no node is left alone for longer than it should be.
        now = now.advanced(milliseconds: 1)
        if parcel.isUp {
            feed(.message(message, from: parcel.peer, by: .anybody))
        } else if let index = workers.firstIndex(where: { $0.peer == parcel.peer }) {
            if let reply = workers[index].answer(message) { send(reply, parcel.peer, isUp: true) }
        } else {
            receive(message)
        }
    }

    private mutating func receive(_ message: Message) {
        switch message {
        case .delta(let delta): problem = client.problem(of: delta) ?? problem
        case .finished(let finished):
            problem = client.problem(of: finished.report) ?? problem
            client.report = finished.report
            if let error = finished.report.error { problem = error.message }
        default: break
        }
        perform(client.handle(.message(message), at: now))
    }

    private mutating func perform(_ actions: [JobFollower.Action]) {
        for action in actions {
            switch action {
            case .send(let message): send(message, Self.address.peer, isUp: true)
            case .stream(let part): client.take(part)
            case .end(.report(let report)):
                if client.tokens != report.tokens { problem = "the stream lacks something of the report" }
            case .end(let ending): problem = "\(ending)"
            case .accepted, .waiting, .reading, .unreachable, .reachable: break
            }
        }
    }

    // MARK: The coordinator

    private mutating func feed(_ event: CoordinatorStateMachine.Event) {
        for action in machine.handle(event, at: now) {
            switch action {
            case .send(let message, let peer):
                note(message)
                send(message, peer, isUp: false)
            case .tokenize(let prompt): feed(.tokenized(prompt.job, .tokens(Self.prompt)))
            default: break
            }
        }
    }

    /// Keeps the history, and lets go what waited for it to go on.
    private mutating func note(_ message: Message) {
        switch message {
        case .draft(let draft):
            bases[draft.fence.round] = draft.prefix.baseLength
            asked[draft.fence.round] = Int(draft.count)
            release { $0.fate == .heldUntilNextRequest && $0.round < draft.fence.round }
        case .verify(let verify):
            round = verify.fence.round
            let isRepeated = seen.contains(First(kind: .verify, number: round))
            if !isRepeated, verify.draft.contains(where: { $0.token == ToyPair.end }) { draftsWithEnd += 1 }
            release { isRepeated && $0.fate == .heldUntilNextRequest && $0.round == verify.fence.round }
        case .delta(let delta) where !delta.tokens.isEmpty:
            let accepted = delta.origins.count { $0 != .expert }
            rounds.append(ToyRound(asked: asked[round] ?? 0, committed: delta.tokens, accepted: accepted))
            release { $0.fate == .heldUntilCommit }
        case .finished: release { _ in true }
        default: break
        }
    }

    private mutating func release(_ isDue: (Held) -> Bool) {
        let due = held.filter(isDue)
        held.removeAll(where: isDue)
        parcels.insert(contentsOf: due.map(\.parcel), at: 0)
    }

    // MARK: The network

    private mutating func send(_ message: Message, _ peer: PeerID, isUp: Bool) {
        let isFirst = isFirst(message)
        let fate = fault?.fate(of: message, isFirst: isFirst) ?? .delivered
        let parcel = Parcel(frames: WireCodec.encode(message), peer: peer, isUp: isUp)
        if fate != .delivered { faults += 1 }
        switch fate {
        case .delivered: parcels.append(parcel)
        case .twice: parcels += [parcel, parcel]
        case .lost: break
        case .heldUntilCommit, .heldUntilNextRequest:
            held.append(Held(parcel: parcel, round: message.replyFence?.round ?? 0, fate: fate))
        case .failed:
            guard let fence = message.replyFence else { return }
            let failed = Message.failed(Failed(fence: fence, code: .nodeFailed, message: "out of memory"))
            parcels.append(Parcel(frames: WireCodec.encode(failed), peer: peer, isUp: isUp))
        case .forgotten:
            if let index = workers.firstIndex(where: { $0.peer == peer }) {
                workers[index].forget()
            }
            parcels.append(parcel)
        }
    }

    /// Whether a message is the first of its kind for its round or, of drafts, behind its prefix.
    private mutating func isFirst(_ message: Message) -> Bool {
        guard let fence = message.fence ?? message.replyFence else { return false }
        let kind = MessageKind(message)
        let isDraft = kind == .draft || kind == .drafted
        return seen.insert(First(kind: kind, number: isDraft ? bases[fence.round] ?? 0 : fence.round)).inserted
    }
}

extension Message {
    /// The fence of a node's reply.
    fileprivate var replyFence: Fence? {
        switch self {
        case .drafted(let drafted): drafted.fence
        case .verified(let verified): verified.fence
        default: nil
        }
    }
}
