import CascadeCoordinator
import CascadeCore
import CascadeWire

/// The coordinator's driver.
extension Simulation {
    mutating func startCoordinator() {
        guard coordinator == nil else { return }
        let machine = CoordinatorStateMachine(
            boot: random.next(),
            limits: limits,
            seedForJobs: random.next(),
            software: "simulated",
            now: now,
            keepsJournal: keepsJournal
        )
        trace("coordinator \(machine.boot) starts")
        coordinator = machine
        tampering = options.seams.tampering?()
        shares = ShareAccount()
        starts += 1
        startedAt = now
        endedCounts = SpeculationCounts()
        if keepsJournal {
            do throws(WireError) {
                feedCoordinator(.restored(try restoredJobs()))
            } catch {
                fail("I8: a record cannot be read: \(error)")
            }
        }
        tellKeys()
        scheduleTick()
    }

    /// What is on the disk, of which now and then something cannot be read any more.
    private mutating func restoredJobs() throws(WireError) -> [JournaledJob] {
        if !isCalm, !isHealed, random.chance(0.1), let job = disk.damageSomeRow(&random) {
            report.coverage.count(.recordDamaged)
            damagedJobs.insert(job)
        }
        let (records, damaged) = try disk.load()
        return JournaledJob.jobs(records, damaged: damaged)
    }

    /// The process is gone, and with it all connections, and all jobs that are not on disk.
    ///
    /// - Parameter isClean: whether it ended as it should, with all that was written on disk.
    mutating func stopCoordinator(restartWithin milliseconds: Int, isClean: Bool = false) {
        guard let boot = coordinator?.boot else { return }
        let kept = isClean ? disk.unsynced : random.pick(0...disk.unsynced)
        if !isClean { crashes += 1 }
        trace("coordinator \(boot) stops; of \(disk.unsynced) records that are not synced \(kept) are there")
        if kept < disk.unsynced { report.coverage.count(.recordsLost) }
        disk.crash(keeping: kept)
        isDoomed = false
        if let transitions = coordinator?.transitions { report.coverage.transitions.add(transitions) }
        coordinator = nil
        stalled = []
        assembly = [:]
        ended = [:]
        askedAgain = []
        streams = SentStreams()
        scheduledTick = nil
        coordinatorPausedUntil = now
        for index in nodes.indices { nodes[index].link.address.connection += 1 }
        for index in clients.indices { clients[index].link.address.connection += 1 }
        queue.insert(.coordinatorStart, at: later(milliseconds))
    }

    /// As drivers do: what is written is brought on disk, and told, before the process ends.
    mutating func shutCoordinatorDown() {
        if keepsJournal {
            _ = disk.endSync()
            _ = disk.beginSync()
            feedCoordinator(.journaled(upTo: disk.endSync()))
        }
        feedCoordinator(.shutdown)
    }

    /// The driver's store thread takes what is there, and brings it on disk at once.
    private mutating func write(_ record: JournalRecord, boot: UInt64) {
        disk.write(record)
        beginSync(boot)
    }

    private mutating func beginSync(_ boot: UInt64) {
        guard disk.beginSync() else { return }
        let isSlow = now < diskSlowUntil
        if isSlow { report.coverage.count(.diskSlow) }
        queue.insert(.diskSynced(boot: boot), at: isSlow ? now.advanced(milliseconds: 2_000) : later(20))
    }

    mutating func noteSynced(_ boot: UInt64) {
        guard coordinator?.boot == boot else { return }
        let record = disk.endSync()
        beginSync(boot)
        feedCoordinator(.journaled(upTo: record))
    }

    /// An end that waits for the disk comes first, then the answer to what was asked meanwhile.
    private mutating func noteAsked(_ event: CoordinatorStateMachine.Event) {
        guard case .message(let message, let peer, _) = event else { return }
        switch message {
        case .watch(let watch):
            let isDeferred = coordinator?.isAwaitingDisk == true
            streams.take(watch, from: peer, isDeferred: isDeferred)
            ended[peer]?.remove(watch.job)
            if isDeferred { askedAgain.insert(peer) }
        case .submit:
            streams.takeSubmission(from: peer)
            ended[peer] = nil
            if coordinator?.isAwaitingDisk == true { askedAgain.insert(peer) }
        default: break
        }
    }

    mutating func feedCoordinator(_ event: CoordinatorStateMachine.Event) {
        guard coordinator != nil else { return }
        if now < coordinatorPausedUntil {
            stalled.append(event)
            return
        }
        noteAsked(event)
        noteLimits(event)
        let jobsBefore = limitedJobs(event)
        let known = coordinator?.submissionCount ?? 0
        let actions = handle(event)
        guard let boot = coordinator?.boot, let gauges = coordinator?.gauges else { return }
        checkBounds(gauges)
        checkShares()
        checkJobs(event, before: jobsBefore)
        if case .tick = event { checkDeadlines() }
        checkDeadlineRefusal(actions, keys: (known, gauges.submitKeys))
        if let broken = coordinator?.brokenInvariant { fail("the coordinator broke an invariant: \(broken)") }
        for action in actions {
            meetPoison(action)
            perform(action, boot: boot)
        }
        if isKilledByPoison() { return }
        if isDoomed, disk.unsynced > 0 {
            report.coverage.count(.coordinatorCrash)
            stopCoordinator(restartWithin: 2000)
        }
        if case .journaled = event, coordinator?.isAwaitingDisk == false { askedAgain = [] }
        scheduleTick()
    }

    private mutating func handle(_ event: CoordinatorStateMachine.Event) -> [CoordinatorStateMachine.Action] {
        guard var tampering else { return coordinator?.handle(event, at: now) ?? [] }
        guard var machine = coordinator.take() else { return [] }
        defer { (coordinator, self.tampering) = (machine, tampering) }
        return tampering.handle(event, by: &machine, at: now)
    }

    private mutating func perform(_ action: CoordinatorStateMachine.Action, boot: UInt64) {
        switch action {
        case .send(let message, let peer):
            checkSent(message, to: peer)
            sendDown(message, to: peer, boot: boot)
        case .tokenize(let prompt):
            let tokens = ToyLanguage.tokens(ofPrompt: prompt.prompt)
            queue.insert(.driver(.tokenized(prompt.job, .tokens(tokens)), boot: boot), at: later(10))
        case .collectTokenizer(let pool, let tokenizer, let chunk):
            collect(chunk, of: tokenizer, pool: pool, boot: boot)
        case .forgetPool, .forgetTokenizer: break
        case .journal(let record):
            if case .forgotten = record.entry { checkForgotten(record.job) }
            write(record, boot: boot)
        case .log(let level, let text, let fields):
            trace("\(level): \(text) \(fields.map { "\($0.name)=\($0.value)" }.joined(separator: " "))")
        case .exit: stopCoordinator(restartWithin: 1000, isClean: true)
        }
    }

    private mutating func collect(_ chunk: TokenizerChunk, of tokenizer: TokenizerID, pool: String, boot: UInt64) {
        assembly[chunk.offset] = chunk.bytes
        var block: [UInt8] = []
        while let part = assembly[UInt32(block.count)] { block += part }
        guard block.count == Int(chunk.totalBytes) else { return }
        assembly = [:]
        if block == ToyLanguage.tokenizerBlock {
            let event = CoordinatorStateMachine.Event.vocabulary(pool: pool, tokenizer, ToyLanguage.vocabulary)
            queue.insert(.driver(event, boot: boot), at: later(10))
        } else {
            fail("the tokenizer block arrived with other bytes")
        }
    }

    // MARK: Time

    private mutating func scheduleTick() {
        guard let due = coordinator?.nextDeadline else { return }
        if let scheduledTick, scheduledTick <= due { return }
        scheduledTick = max(due, now)
        queue.insert(.coordinatorTick, at: max(due, now))
    }

    mutating func tickCoordinator() {
        // A tick that was put in by an earlier coordinator, or replaced by an earlier one, comes as well.
        if let scheduledTick, scheduledTick <= now { self.scheduledTick = nil }
        guard let due = coordinator?.nextDeadline else { return }
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
        for event in events { feedCoordinator(withKeysOfNow: event) }
        scheduledTick = nil
        scheduleTick()
    }
}
