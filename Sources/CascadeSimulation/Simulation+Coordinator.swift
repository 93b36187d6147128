import CascadeCoordinator
import CascadeCore

/// The coordinator's driver.
extension Simulation {
    mutating func startCoordinator() {
        guard coordinator == nil else { return }
        let machine = CoordinatorStateMachine(
            boot: random.next(),
            limits: limits,
            seedForJobs: random.next(),
            software: "simulated",
            now: now
        )
        trace("coordinator \(machine.boot) starts")
        coordinator = options.seams.coordinator(machine)
        starts += 1
        endedCounts = SpeculationCounts()
        scheduleTick()
    }

    /// The process is gone, and with it all connections and jobs.
    mutating func stopCoordinator(restartWithin milliseconds: Int) {
        guard let machine = coordinator?.machine else { return }
        trace("coordinator \(machine.boot) stops")
        report.coverage.transitions.add(machine.transitions)
        coordinator = nil
        stalled = []
        assembly = [:]
        ended = [:]
        scheduledTick = nil
        coordinatorPausedUntil = now
        for index in nodes.indices { nodes[index].link.address.connection += 1 }
        for index in clients.indices { clients[index].link.address.connection += 1 }
        queue.insert(.coordinatorStart, at: later(milliseconds))
    }

    mutating func feedCoordinator(_ event: CoordinatorStateMachine.Event) {
        guard coordinator != nil else { return }
        if now < coordinatorPausedUntil {
            stalled.append(event)
            return
        }
        switch event {
        case .message(.watch(let watch), let peer): ended[peer]?.remove(watch.job)
        case .message(.submit, let peer): ended[peer] = nil
        default: break
        }
        let actions = coordinator?.handle(event, at: now) ?? []
        guard let machine = coordinator?.machine else { return }
        checkBounds(machine)
        for action in actions { perform(action, boot: machine.boot) }
        scheduleTick()
    }

    private mutating func perform(_ action: CoordinatorStateMachine.Action, boot: UInt64) {
        switch action {
        case .send(let message, let peer):
            checkSent(message, to: peer)
            sendDown(message, to: peer, boot: boot)
        case .tokenize(let prompt):
            let tokens = ToyLanguage.tokens(ofPrompt: prompt.prompt)
            queue.insert(.driver(.tokenized(prompt.job, .tokens(tokens)), boot: boot), at: later(10))
        case .collectTokenizer(let pool, let chunk): collect(chunk, pool: pool, boot: boot)
        case .log(let level, let text, let fields):
            trace("\(level): \(text) \(fields.map { "\($0.name)=\($0.value)" }.joined(separator: " "))")
        case .exit: stopCoordinator(restartWithin: 1000)
        }
    }

    private mutating func collect(_ chunk: TokenizerChunk, pool: String, boot: UInt64) {
        assembly[chunk.offset] = chunk.bytes
        var block: [UInt8] = []
        while let part = assembly[UInt32(block.count)] { block += part }
        guard block.count == Int(chunk.totalBytes) else { return }
        assembly = [:]
        if block == ToyLanguage.tokenizerBlock {
            queue.insert(.driver(.vocabulary(pool: pool, ToyLanguage.vocabulary), boot: boot), at: later(10))
        } else {
            fail("the tokenizer block arrived with other bytes")
        }
    }

    // MARK: Time

    private mutating func scheduleTick() {
        guard let due = coordinator?.machine.nextDeadline else { return }
        if let scheduledTick, scheduledTick <= due { return }
        scheduledTick = max(due, now)
        queue.insert(.coordinatorTick, at: max(due, now))
    }

    mutating func tickCoordinator() {
        // A tick that was put in by an earlier coordinator, or replaced by an earlier one, comes as well.
        if let scheduledTick, scheduledTick <= now { self.scheduledTick = nil }
        guard let due = coordinator?.machine.nextDeadline else { return }
        guard due <= now, now >= coordinatorPausedUntil else {
            if now >= coordinatorPausedUntil { scheduleTick() }
            return
        }
        feedCoordinator(.tick)
    }

    mutating func resumeCoordinator() {
        guard now >= coordinatorPausedUntil else { return }
        let events = stalled
        stalled = []
        for event in events { feedCoordinator(event) }
        scheduledTick = nil
        scheduleTick()
    }
}
