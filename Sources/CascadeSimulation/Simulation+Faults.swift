import CascadeCoordinator
import CascadeCore
import CascadeWorker

/// What goes wrong, until everything is healed.
extension Simulation {
    mutating func injectFault() {
        guard !isHealed else { return }
        queue.insert(.fault, at: later(random.chance(0.3) ? 100 : 1200))
        switch random.pick(0...27) {
        case 0...2: crashNode()
        case 3...4: pauseNode()
        case 5: stickNode()
        case 6: sayGoodbye()
        case 7: drainNode()
        case 8...10: cutLink()
        case 11: breakConnection()
        case 12: forget()
        case 13: spoilReplies()
        case 14: sendStranger()
        case 15: stopTheCoordinator()
        case 16: pauseCoordinator()
        case 17...18: loseClient()
        case 19: fillClient()
        case 20: reuseKey()
        case 21...22: slowNode()
        case 23 where random.chance(0.2): cancelStorm()
        case 24: slowDisk()
        default: break
        }
    }

    private mutating func pickNode() -> Int { random.pick(0...(nodes.count - 1)) }

    private mutating func crashNode() {
        let index = pickNode()
        guard nodes[index].isUp else { return }
        report.coverage.count(.nodeCrash)
        stopNode(index, restartWithin: random.pick([100, 1000, 4000]))
        // Sometimes all of a role die together.
        guard random.chance(0.2) else { return }
        for other in nodes.indices where nodes[other].role == nodes[index].role {
            stopNode(other, restartWithin: 3000)
        }
    }

    private mutating func pauseNode() {
        let index = pickNode()
        guard nodes[index].isUp else { return }
        report.coverage.count(.nodePause)
        let end = laterFault(random.pick([500, 4000]))
        nodes[index].pausedUntil = max(nodes[index].pausedUntil, end)
        queue.insert(.nodeResume(index), at: nodes[index].pausedUntil)
    }

    private mutating func stickNode() {
        let index = pickNode()
        report.coverage.count(.nodeStuck)
        nodes[index].stuckUntil = laterFault(6000)
    }

    private mutating func slowNode() {
        report.coverage.count(.nodeSlow)
        nodes[pickNode()].worker.model.slowness = random.pick([3, 20])
    }

    private mutating func sayGoodbye() {
        let index = pickNode()
        guard nodes[index].isUp, now >= nodes[index].pausedUntil else { return }
        report.coverage.count(.nodeGoodbye)
        feedNode(index, .stop)
        leave(index)
    }

    private mutating func drainNode() {
        report.coverage.count(.nodeDrain)
        strangers += 1
        let request = Message.drainNode(DrainNode(requestID: random.next(), name: nodes[pickNode()].name))
        report.coverage.count(MessageKind(request))
        let administrator = SimulatedAddress(.stranger, 2, connection: strangers)
        feedCoordinator(
            .message(request, from: administrator.peer, by: Principal(owner: administrator.owner, isAdmin: true))
        )
    }

    private mutating func cutLink() {
        let end = laterFault(random.pick([300, 3000]))
        let (up, down) = random.pick([(true, true), (true, false), (false, true)])
        report.coverage.count(up ? (down ? .partition : .partitionToCoordinator) : .partitionFromCoordinator)
        if random.chance(0.7) {
            let index = pickNode()
            if up { nodes[index].link.upBlockedUntil = end }
            if down { nodes[index].link.downBlockedUntil = end }
        } else {
            let index = random.pick(0...(clients.count - 1))
            if up { clients[index].link.upBlockedUntil = end }
            if down { clients[index].link.downBlockedUntil = end }
        }
    }

    private mutating func breakConnection() {
        report.coverage.count(.reconnection)
        let index = pickNode()
        nodes[index].link.address.connection += 1
        // A node whose socket has reconnected cannot know; some say hello all the same.
        if random.chance(0.5), now >= nodes[index].pausedUntil {
            feedNode(index, .disconnected)
            feedNode(index, .connected)
        }
    }

    private mutating func forget() {
        report.coverage.count(.cacheLost)
        nodes[pickNode()].worker.releaseAll()
    }

    private mutating func spoilReplies() {
        let index = pickNode()
        if random.chance(0.5) {
            nodes[index].hostility = random.pick(0...0.5)
        } else {
            nodes[index].failing = random.pick(0...0.5)
        }
    }

    /// Somebody who must not get in tries to, at once: later the pool may be empty, and an empty pool takes anyone.
    private mutating func sendStranger() {
        guard let gauges = coordinator?.gauges, now >= coordinatorPausedUntil,
            gauges.nodes.contains(where: { $0.identity == nodes[0].identity })
        else { return }
        strangers += 1
        let stranger = SimulatedAddress(.stranger, 0, connection: strangers)
        let (peer, principal) = (stranger.peer, Principal(owner: stranger.owner, isAdmin: false))
        var hello = nodes[0].hello
        switch random.pick(0...2) {
        case 0:
            report.coverage.count(.strangerVocabulary)
            hello.identity = NodeIdentity(name: "stranger", incarnation: random.next())
            hello.vocabularyHash.low ^= 1
            feedCoordinator(.message(.ping(Ping(boot: 1, number: 1)), from: peer, by: principal))
        case 1:
            report.coverage.count(.strangerModel)
            hello.identity = NodeIdentity(name: "stranger", incarnation: random.next())
            hello.numericsID = "approximate"
        default:
            report.coverage.count(.nameTaken)
            hello.identity.incarnation = random.next()
        }
        feedCoordinator(.message(.hello(hello), from: peer, by: principal))
    }

    mutating func checkStranger(_ message: Message) {
        switch message {
        case .refused(let refused): trace("a stranger was refused: \(refused.message)")
        // It has got a name whose holder was silent; it never says anything again.
        case .welcome, .ping, .drain: break
        // An operator's answer.
        case .nodeList: break
        default: fail("a stranger got \(MessageKind(message))")
        }
    }

    private mutating func stopTheCoordinator() {
        guard coordinator != nil, now >= coordinatorPausedUntil else { return }
        if keepsJournal, random.chance(0.4) {
            isDoomed = true
        } else if random.chance(0.5) {
            report.coverage.count(.coordinatorCrash)
            stopCoordinator(restartWithin: 2000)
        } else {
            report.coverage.count(.coordinatorShutdown)
            shutCoordinatorDown()
        }
    }

    private mutating func slowDisk() {
        diskSlowUntil = laterFault(3000)
    }

    private mutating func pauseCoordinator() {
        guard coordinator != nil else { return }
        report.coverage.count(.coordinatorPause)
        coordinatorPausedUntil = max(coordinatorPausedUntil, laterFault(3000))
        queue.insert(.coordinatorResume, at: coordinatorPausedUntil)
    }

    private mutating func loseClient() {
        let index = random.pick(0...(clients.count - 1))
        report.coverage.count(.clientVanish)
        clients[index].awayUntil = laterFault(random.pick([800, 5000]))
        clients[index].isAway = true
        clients[index].link.address.connection += 1
    }

    private mutating func cancelStorm() {
        report.coverage.count(.cancelStorm)
        for index in clients.indices where random.chance(0.5) { clients[index].cancelsAt = 0 }
    }

    private mutating func fillClient() {
        let index = random.pick(0...(clients.count - 1))
        report.coverage.count(.clientFull)
        clients[index].fullUntil = laterFault(1500)
    }

    /// A client uses another's key, and is refused. It comes at once: later the key may be free again.
    private mutating func reuseKey() {
        guard let client = clients.first(where: { $0.job != nil }), let job = client.job, !damagedJobs.contains(job)
        else { return }
        guard let boot = coordinator?.boot, keepsJournal || boots[job] == boot,
            now >= coordinatorPausedUntil
        else { return }
        guard keepsResults, limits.finishedJobs > clients.count, let principal = keys.principal(of: client.link.address)
        else {
            return
        }
        strangers += 1
        report.coverage.count(.keyReuse)
        var submit = client.submit
        submit.prompt.append(33)
        let stranger = SimulatedAddress(.stranger, 1, connection: strangers)
        feedCoordinator(.message(.submit(submit), from: stranger.peer, by: principal))
    }

    // MARK: Healing

    /// When a fault that lasts is over: within the next milliseconds, and not behind the healing.
    private mutating func laterFault(_ milliseconds: Int) -> Instant { min(later(milliseconds), healsAt) }

    /// From now on everything works. Faults that last are over, as they end at the latest now.
    mutating func heal() {
        trace("healed")
        isHealed = true
        (dropped, duplicated, delayed, garbled) = (0, 0, 0, 0)
        isDoomed = false
        if isContested {
            keys.allowAll()
            keys.liftMinutes()
            tellKeys()
        }
        for index in nodes.indices {
            nodes[index].hostility = 0
            nodes[index].failing = 0
            nodes[index].worker.model.slowness = 1
            if !nodes[index].isUp { queue.insert(.nodeStart(index), at: later(300)) }
        }
    }
}
