import CascadeCoordinator
import CascadeCore

/// The drivers of drafters and experts.
extension Simulation {
    mutating func tickNode(_ index: Int) {
        queue.insert(.nodeTick(index), at: now.advanced(milliseconds: limits.heartbeatMilliseconds))
        let node = nodes[index]
        guard node.isUp, now >= node.pausedUntil else { return }
        let silence = limits.heartbeatMilliseconds * limits.missedHeartbeats
        if node.boot == nil || node.lastHeard.advanced(milliseconds: silence) < now { sayHello(index) }
    }

    private mutating func sayHello(_ index: Int) {
        // Every reply to an unknown node asks for a hello; one of them is enough.
        guard nodes[index].lastHello.advanced(milliseconds: 100) <= now else { return }
        nodes[index].lastHello = now
        sendUp(.hello(nodes[index].hello), nodes[index].link)
    }

    mutating func startNode(_ index: Int) {
        guard !nodes[index].isUp else { return }
        let loadedAt = later(isHealed ? 200 : 1500)
        nodes[index].start(incarnation: random.next(), now: now, loadedAt: loadedAt)
        trace("\(nodes[index].name) starts as \(nodes[index].incarnation)")
        sayHello(index)
        queue.insert(.nodeLoaded(index, incarnation: nodes[index].incarnation), at: loadedAt)
    }

    mutating func nodeIsLoaded(_ index: Int, _ incarnation: UInt64) {
        guard nodes[index].isUp, nodes[index].incarnation == incarnation else { return }
        sayReady(index)
    }

    private mutating func sayReady(_ index: Int) {
        let node = nodes[index]
        guard let boot = node.boot, now >= node.loadedAt, !node.isDraining else { return }
        sendUp(.ready(Ready(boot: boot, costs: node.saidCosts, credits: node.credits)), node.link)
    }

    mutating func stopNode(_ index: Int, restartWithin milliseconds: Int) {
        guard nodes[index].isUp else { return }
        trace("\(nodes[index].name) stops")
        nodes[index].die()
        queue.insert(.nodeStart(index), at: later(milliseconds))
    }

    mutating func resumeNode(_ index: Int) {
        guard nodes[index].isUp, now >= nodes[index].pausedUntil else { return }
        let inbox = nodes[index].inbox
        nodes[index].inbox = []
        for message in inbox { handle(message, at: index) }
    }

    // MARK: Messages

    mutating func arriveAtNode(_ message: Message, _ index: Int) {
        if now < nodes[index].pausedUntil {
            nodes[index].inbox.append(message)
        } else {
            handle(message, at: index)
        }
    }

    private mutating func handle(_ message: Message, at index: Int) {
        guard nodes[index].isUp else { return }
        nodes[index].lastHeard = now
        switch message {
        case .welcome(let welcome): takeWelcome(welcome, index)
        case .refused(let refused): takeRefusal(refused, index)
        case .ping(let ping):
            if ping.boot == nodes[index].boot {
                let pong = Pong(boot: ping.boot, number: ping.number, progress: nodes[index].progress(at: now))
                sendUp(.pong(pong), nodes[index].link)
            } else {
                sayHello(index)
            }
        case .draft(let draft): enqueue(message, draft.fence, index)
        case .verify(let verify): enqueue(message, verify.fence, index)
        case .release(let release):
            nodes[index].memory.release(release.sequence, specID: release.specID)
            nodes[index].queue.removeAll { $0.fence?.sequence == release.sequence }
        case .drain:
            nodes[index].isDraining = true
            leaveIfDrained(index)
        default: fail("\(nodes[index].name) got \(MessageType(message))")
        }
    }

    private mutating func takeWelcome(_ welcome: Welcome, _ index: Int) {
        if nodes[index].boot != welcome.boot {
            // Another coordinator: its spec ids mean something else. Caches are named by hashes and stay.
            nodes[index].boot = welcome.boot
            nodes[index].queue = []
            nodes[index].memory.forgetSpecs()
        }
        if welcome.wantsTokenizer {
            let block = ToyLanguage.tokenizerBlock
            for offset in stride(from: 0, to: block.count, by: 256) {
                let part = Array(block[offset..<min(offset + 256, block.count)])
                let chunk = TokenizerChunk(
                    vocabularyHash: ToyLanguage.vocabulary.hash,
                    totalBytes: UInt32(block.count),
                    offset: UInt32(offset),
                    bytes: part
                )
                sendUp(.tokenizerChunk(chunk), nodes[index].link)
            }
        }
        sayReady(index)
    }

    private mutating func takeRefusal(_ refused: Refused, _ index: Int) {
        switch refused.code {
        case .notReady: sayHello(index)
        // Tried again with the next tick.
        case .nodeNameTaken, .overloaded, .shuttingDown: nodes[index].boot = nil
        default: fail("\(nodes[index].name) was refused: \(refused.message)")
        }
    }

    private mutating func enqueue(_ request: Message, _ fence: Fence, _ index: Int) {
        guard fence.boot == nodes[index].boot, fence.incarnation == nodes[index].incarnation else { return }
        if diesWhenAsked(index) { return }
        nodes[index].queue.append(request)
        startWork(index)
    }

    // MARK: Work

    private mutating func startWork(_ index: Int) {
        guard !nodes[index].isWorking, let request = nodes[index].queue.first else { return }
        nodes[index].isWorking = true
        let done = now.advanced(milliseconds: nodes[index].milliseconds(for: request))
        queue.insert(.nodeDone(index, incarnation: nodes[index].incarnation), at: done)
    }

    mutating func finishWork(_ index: Int, _ incarnation: UInt64) {
        guard nodes[index].isUp, nodes[index].incarnation == incarnation, nodes[index].isWorking else { return }
        let end = max(nodes[index].pausedUntil, nodes[index].stuckUntil)
        guard now >= end else {
            queue.insert(.nodeDone(index, incarnation: incarnation), at: end)
            return
        }
        nodes[index].isWorking = false
        guard !nodes[index].queue.isEmpty else {
            leaveIfDrained(index)
            return
        }
        let request = nodes[index].queue.removeFirst()
        nodes[index].passes += 1
        answer(request, index)
        startWork(index)
        leaveIfDrained(index)
    }

    private mutating func answer(_ request: Message, _ index: Int) {
        if random.chance(nodes[index].failing), let fence = request.fence {
            report.coverage.count(.failedReply)
            let failed = Failed(fence: fence, code: .nodeFailed, message: "simulated failure")
            sendUp(.failed(failed), nodes[index].link)
            return
        }
        guard let (honest, vouched) = nodes[index].carryOut(request, language) else { return }
        var reply = honest
        for verdict in vouched { verdicts.insert(verdict) }
        if random.chance(nodes[index].hostility) {
            report.coverage.count(.hostileReply)
            reply = nodes[index].spoil(reply, &random)
        }
        sendUp(betray(reply, index), nodes[index].link)
    }

    private mutating func leaveIfDrained(_ index: Int) {
        guard nodes[index].isDraining, nodes[index].queue.isEmpty else { return }
        sendUp(.goodbye(Goodbye(reason: "drained")), nodes[index].link)
        leave(index)
    }

    /// The process ends in an orderly way and is started again.
    mutating func leave(_ index: Int) {
        trace("\(nodes[index].name) leaves")
        let address = nodes[index].link.address
        nodes[index].die()
        nodes[index].link.address = address
        queue.insert(.nodeStart(index), at: later(1500))
    }
}
