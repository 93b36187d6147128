import CascadeCore
import OrderedCollections

@testable import CascadeCoordinator

/// A coordinator with a job in a state, and an event for it. A drafter and an expert are there that answer nothing by
/// themselves.
struct JobScene {
    private(set) var harness: Harness
    /// The job that it is about; one that nobody has submitted at first.
    private(set) var job = JobID(rawValue: 1)
    /// Another job, where there is one.
    private var other: JobID?
    private var submission: Submit?
    /// Of the job that it is about.
    private let deadlineMilliseconds: UInt32?
    /// What the event came as.
    private(set) var stimulus: Stimulus?

    /// Brings a job into `state`.
    init(_ state: JobWord, _ condition: JobCondition?, for event: JobEvent, keepsJournal: Bool) {
        var limits = Harness.fixed
        let isCrowded = state == .awaitingRoom && condition != .noExpertReady
        if isCrowded { limits.maxNumSeqs = 1 }
        harness = Harness(limits: limits, keepsJournal: keepsJournal)
        deadlineMilliseconds = event == .deadlinePasses ? 50 : nil
        harness.readsPrompts = false
        startNodes(
            knowsVocabulary: state != .awaitingVocabulary && condition != .soundWithoutVocabulary,
            isReady: condition != .noExpertReady
        )
        if isCrowded { other = submit("other") }
        if state == .drafted || condition == .noCredit {
            // It holds the expert's only credit.
            other = submit("other")
            answerDraft(of: other)
        }
        bring(to: state, maxTokens: state == .ended || condition == .ends ? 4 : 20)
        // What has been told already does not wait for the event's records.
        if event != .recordsOnDisk { sync() }
        // What a node is asked in the moment of its death did not kill it; here it had some time.
        harness.now = harness.now.advanced(milliseconds: 10)
        prepare(condition, event)
        if event != .recordsOnDisk { sync() }
    }

    private mutating func bring(to state: JobWord, maxTokens: UInt32) {
        if state == .unknown { return }
        let readsPrompt = state != .awaitingVocabulary && state != .tokenizing
        job = submit("abcd", maxTokens: maxTokens, readsPrompt: readsPrompt, deadlineMilliseconds) ?? job
        switch state {
        case .unknown, .awaitingVocabulary, .tokenizing, .awaitingRoom, .drafting: break
        case .drafted, .verifying: answerDraft(of: job)
        case .idle:
            answerDraft(of: job)
            // The next round finds no expert to begin with.
            harness.feed(.ready(Ready(boot: 77, costs: [], credits: 0)), from: PeerWord.expert.peer)
            answerVerify(of: job)
        case .ended:
            answerDraft(of: job)
            answerVerify(of: job)
        }
    }

    // MARK: Nodes

    private mutating func startNodes(knowsVocabulary: Bool, isReady: Bool) {
        greet(.expert, .expert)
        if knowsVocabulary { harness.feed(.vocabulary(pool: "default", Toy.tokenizer, Toy.vocabulary)) }
        if isReady { makeReady(.expert, credits: 1) }
        greet(.drafter, .drafter)
        makeReady(.drafter, credits: 8)
    }

    /// A node says hello; it never answers by itself.
    private mutating func greet(_ word: PeerWord, _ role: NodeRole) {
        let node = ToyNode(word.rawValue, role, peer: word.rawValue)
        harness.nodes.append(node)
        harness.mute(word.rawValue)
        harness.feed(.hello(node.hello), from: node.peer)
    }

    /// Only experts say what a pass costs: a draft whose costs are known may wait for other drafts.
    private mutating func makeReady(_ word: PeerWord, credits: UInt32) {
        feed(ready(word, credits: credits), from: word)
    }

    private func ready(_ word: PeerWord, credits: UInt32) -> Message {
        let isExpert = word == .expert || word == .otherExpert
        let costs = isExpert ? [CostPoint(rows: 1, milliseconds: 10)] : []
        return .ready(Ready(boot: 77, costs: costs, credits: credits))
    }

    /// What has to be there before the event comes.
    private mutating func prepare(_ condition: JobCondition?, _ event: JobEvent) {
        switch condition {
        case .otherDrafter:
            greet(.otherDrafter, .drafter)
            makeReady(.otherDrafter, credits: 8)
        case .otherExpert:
            greet(.otherExpert, .expert)
            makeReady(.otherExpert, credits: 8)
        case .fifthTime:
            for _ in 0..<4 { feed(missing(event == .drafterMisses ? .drafter : .expert), from: sender(of: event)) }
        default: break
        }
        switch event {
        case .drafterJoins: greet(.otherDrafter, .drafter)
        case .expertJoins: greet(.otherExpert, .expert)
        case .otherEnds where other == nil: other = submit("other", readsPrompt: false)
        case .drafterSlow, .expertSlow: expire(event == .drafterSlow ? .drafter : .expert)
        case .expertLate: makeLate()
        default: break
        }
    }

    /// The time of the job's requests to a role is over, and that of no others.
    private mutating func expire(_ role: NodeRole) {
        for index in harness.machine.requests.indices
        where harness.machine.requests[index].role == role && harness.machine.requests[index].job == job {
            harness.machine.requests[index].silenceDeadline = harness.now
        }
    }

    /// The job's verification has taken longer than that by another expert would.
    private mutating func makeLate() {
        for index in harness.machine.requests.indices
        where harness.machine.requests[index].role == .expert && harness.machine.requests[index].job == job {
            harness.machine.requests[index].sentAt = Instant(nanoseconds: 0)
            harness.machine.requests[index].hedgeAt = harness.now
        }
    }

    // MARK: Jobs

    /// - Returns: the job that has come, if it has.
    private mutating func submit(
        _ prompt: String,
        maxTokens: UInt32 = 20,
        readsPrompt: Bool = true,
        _ deadlineMilliseconds: UInt32? = nil
    ) -> JobID? {
        var submit = harness.submission(prompt, maxTokens: maxTokens)
        submit.deadlineMilliseconds = deadlineMilliseconds
        submission = submit
        harness.feed(.submit(submit), by: .member)
        guard let id = harness.machine.jobs.keys.last else { return nil }
        if readsPrompt { harness.feed(.tokenized(id, .tokens(Toy.tokens(submit.prompt)))) }
        return id
    }

    private mutating func answerDraft(of job: JobID?) {
        if let drafted = answer(.drafter, of: job) { harness.feed(drafted, from: PeerWord.drafter.peer) }
    }

    private mutating func answerVerify(of job: JobID?) {
        if let verified = answer(.expert, of: job) { harness.feed(verified, from: PeerWord.expert.peer) }
    }

    /// The last request that a node got for a job.
    private func request(_ word: PeerWord, of job: JobID?) -> Message? {
        harness.held.last { item in
            guard item.to == word.peer, let fence = item.message.requestFence else { return false }
            return fence.sequence.job == job
        }?.message
    }

    /// What a node says to that, honestly.
    private func answer(_ word: PeerWord, of job: JobID?) -> Message? {
        guard let request = request(word, of: job) else { return nil }
        var node = harness.node(word.rawValue)
        return node.answer(request)
    }

    /// All that was written down is on disk.
    @discardableResult
    private mutating func sync() -> [CoordinatorStateMachine.Action] {
        harness.feed(.journaled(upTo: UInt64(harness.records.count)))
    }

    // MARK: The event

    /// What became of the job, and what was done: the columns of a ``TransitionDocument/JobRule``.
    struct Outcome {
        var next: JobWord
        var columns: [[Step]]
        /// What clients were told before what it stands on was on disk.
        var rash: [Step]
    }

    /// Feeds the event, and then that what was written down is on disk.
    mutating func play(_ event: JobEvent, _ condition: JobCondition?) -> Outcome {
        let now = perform(event, condition)
        if event == .submitted, let new = harness.machine.jobs.keys.last, new != other { job = new }
        let later = event == .recordsOnDisk ? [] : sync()
        let steps = (now + later).compactMap { Step($0, about: job) }
        var columns: [[Step]] = [[], [], []]
        for step in steps {
            switch step {
            case .send(_, to: .client): columns[TransitionDocument.clientColumn].append(step)
            case .send, .drive: columns[TransitionDocument.nodeColumn].append(step)
            case .record: columns[TransitionDocument.recordColumn].append(step)
            }
        }
        let writes = !columns[TransitionDocument.recordColumn].isEmpty
        let rash = now.compactMap { Step($0, about: job) }.filter { writes && $0.tellsClient }
        return Outcome(next: JobWord(of: job, in: harness.machine), columns: columns, rash: rash)
    }

    @discardableResult
    private mutating func feed(_ event: CoordinatorStateMachine.Event) -> [CoordinatorStateMachine.Action] {
        stimulus = Stimulus(event)
        return harness.feed(event)
    }

    @discardableResult
    private mutating func feed(
        _ message: Message,
        from word: PeerWord = .client,
        by principal: Principal = .member
    ) -> [CoordinatorStateMachine.Action] {
        feed(.message(message, from: word.peer, by: principal))
    }
}

extension JobScene {
    private mutating func perform(_ event: JobEvent, _ condition: JobCondition?) -> [CoordinatorStateMachine.Action] {
        switch event {
        case .submitted: return resubmit(condition)
        case .watched:
            let offset: UInt32 = condition == .fromBehindEnd ? 1_000 : 0
            return feed(.watch(Watch(requestID: 9, job: job, tokenOffset: offset, byteOffset: offset)))
        case .cancelled: return feed(.cancel(Cancel(requestID: 9, job: job)))
        case .severalCancelled: return feed(.cancelJobs(CancelJobs(requestID: 9, selection: .jobs([job]))))
        case .allCancelled: return feed(.cancelJobs(CancelJobs(requestID: 9, selection: .scope(.all))))
        case .strangerWatches:
            return feed(.watch(Watch(requestID: 9, job: job, tokenOffset: 0, byteOffset: 0)), by: .stranger)
        case .strangerCancels: return feed(.cancel(Cancel(requestID: 9, job: job)), by: .stranger)
        case .strangerAsks: return feed(.statusRequest(StatusRequest(requestID: 9, job: job)), by: .stranger)
        case .strangerCancelsAll:
            return feed(.cancelJobs(CancelJobs(requestID: 9, selection: .scope(.all))), by: .stranger)
        case .keyRevoked: return feed(.keysKnown([.stranger]))
        case .deadlinePasses:
            harness.now = harness.now.advanced(milliseconds: 50)
            return feed(.tick)
        case .statusAsked: return feed(.statusRequest(StatusRequest(requestID: 9, job: job)))
        case .jobsAsked: return feed(.jobsRequest(JobsRequest(requestID: 9, limit: 10)))
        case .nodesAsked: return feed(.nodesRequest(NodesRequest(requestID: 9)))
        case .clientLost: return feed(.peerLost(PeerWord.client.peer))
        case .clientFull: return feed(.peerFull(PeerWord.client.peer))
        case .vocabularyKnown: return feed(.vocabulary(pool: "default", Toy.tokenizer, Toy.vocabulary))
        case .vocabularyUseless: return feed(.vocabularyFailed(pool: "default", "no tokens"))
        case .tokenized: return feed(.tokenized(job, .tokens(Toy.tokens(Array("abcd".utf8)))))
        case .promptUseless: return feed(.tokenized(job, .failed(JobError(code: .badRequest, message: "no template"))))
        case .drafterSlow, .expertSlow, .expertLate: return feed(.tick)
        case .drafterLost, .expertLost: return feed(.peerLost(sender(of: event).peer))
        case .otherEnds: return feed(.cancel(Cancel(requestID: 9, job: other ?? job)), from: .administrator)
        case .recordsOnDisk: return feed(.journaled(upTo: UInt64(harness.records.count)))
        case .strayMessage:
            let sequence = SequenceID(job: job)
            return feed(.release(Release(boot: 77, sequence: sequence, specID: 1)), from: .expert)
        case .jobsEnd: return feed(.endJobs)
        case .shutdown: return feed(.shutdown)
        case .draftArrives, .draftBreaksRule, .drafterMisses, .drafterFails, .drafterLeaves, .drafterDrains,
            .drafterJoins, .verdictArrives, .verdictBreaksRule, .expertMisses, .expertFails, .expertLeaves,
            .expertDrains, .expertGrows, .expertJoins:
            return feed(message(event), from: sender(of: event))
        }
    }

    /// The same submission again; a new one where there was none.
    private mutating func resubmit(_ condition: JobCondition?) -> [CoordinatorStateMachine.Action] {
        var submit = submission ?? harness.submission("abcd")
        if condition == .breaksRule { submit.draftMinimumConfidence = 2 }
        return feed(.submit(submit))
    }

    private func sender(of event: JobEvent) -> PeerWord {
        switch event {
        case .drafterJoins: .otherDrafter
        case .expertJoins: .otherExpert
        case .draftArrives, .draftBreaksRule, .drafterMisses, .drafterFails, .drafterLost, .drafterLeaves,
            .drafterDrains:
            .drafter
        default: .expert
        }
    }

    /// What a node says, about its last request for the job where it had one.
    private func message(_ event: JobEvent) -> Message {
        let sender = sender(of: event)
        let fence = fence(sender)
        switch event {
        case .draftArrives: return answer(.drafter, of: job) ?? .drafted(Drafted(fence: fence, positions: []))
        case .draftBreaksRule:
            let position = DraftedPosition(token: 99, row: .init(oneHot: 99), gate: DraftGate(maximum: 1))
            return .drafted(Drafted(fence: fence, positions: [position]))
        case .verdictArrives:
            return answer(.expert, of: job) ?? .verified(Verified(fence: fence, evidence: [], bonus: 1))
        case .verdictBreaksRule: return .verified(Verified(fence: fence, evidence: [], bonus: 999))
        case .drafterMisses, .expertMisses: return missing(sender)
        case .drafterLeaves, .expertLeaves: return .goodbye(Goodbye(reason: ""))
        case .drafterDrains, .expertDrains: return ready(sender, credits: 0)
        case .expertGrows, .drafterJoins, .expertJoins: return ready(sender, credits: 8)
        default: return .failed(Failed(fence: fence, code: .nodeFailed, message: "no memory"))
        }
    }

    private func missing(_ word: PeerWord) -> Message {
        .missing(Missing(fence: fence(word), length: 0, needsSpec: true))
    }

    private func fence(_ word: PeerWord) -> Fence {
        request(word, of: job)?.requestFence
            ?? Fence(boot: 77, incarnation: 1, sequence: SequenceID(job: job), round: 999)
    }
}
