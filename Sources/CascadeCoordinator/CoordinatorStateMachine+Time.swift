import CascadeCore
import OrderedCollections

/// What time does: heartbeats, deadlines, and the coordinator's own pauses.
extension CoordinatorStateMachine {
    /// The earliest instant at which a tick has something to do.
    var earliestDeadline: Instant {
        var earliest = nextHeartbeat
        if let deadline = requests.earliestDeadline(after: now) { earliest = min(earliest, deadline) }
        for pool in pools.all where pool.tokenizerSource != nil { earliest = min(earliest, pool.tokenizerDeadline) }
        if let deadline = jobs.nextDeadline?.at { earliest = min(earliest, deadline) }
        for id in jobs.waiting {
            guard let sequence = jobs[id]?.sequence, sequence.notBefore > now else { continue }
            earliest = min(earliest, sequence.notBefore)
        }
        return earliest
    }

    /// A tick that comes more than a heartbeat late says that this process stood still, and that nothing is known of
    /// the others: all their clocks start anew (decisions.md 10).
    mutating func noticePause() {
        guard let due = nextDeadline, now > due.advanced(milliseconds: limits.heartbeatMilliseconds) else { return }
        transitions.count(.pauseNoticed)
        let paused = UInt64(now.milliseconds(since: due))
        log(.warning, "the coordinator stood still", LogField("milliseconds", String(paused)))
        for handle in nodes.all { nodes.change(handle) { [now] in $0.hear(at: now) } }
        for index in requests.indices {
            requests[index].noteStandstill(milliseconds: paused, until: now)
        }
        pools.noteStandstill(until: now, tokenizerDeadline: tokenizerDeadline)
        for id in jobs.keys { jobs.change(id) { [now] in $0.noteWatchersAlive(at: now) } }
        nextHeartbeat = now
    }

    mutating func passTime() {
        endOverdueJobs()
        if now >= nextHeartbeat {
            nextHeartbeat = now.advanced(milliseconds: limits.heartbeatMilliseconds)
            reapNodes()
            pingNodes()
            dropSilentWatchers()
            refuseUnservedJobs()
            forgetIdlePools()
            putDownIdleTrial()
        }
        for name in pools.names {
            if let pool = pools[name], pool.tokenizerSource != nil, now >= pool.tokenizerDeadline {
                askAnotherForTokenizer(of: name)
            }
        }
        expireRequests()
        hedgeLateRequests()
    }

    private mutating func reapNodes() {
        let patience = limits.heartbeatMilliseconds * limits.missedHeartbeats
        for handle in nodes.all {
            guard let node = nodes[handle], node.lastHeard.advanced(milliseconds: patience) < now else { continue }
            transitions.count(.nodeReaped)
            removeNode(handle, isDeath: true)
        }
    }

    private mutating func pingNodes() {
        lastPing += 1
        for handle in nodes.all {
            nodes.change(handle) { [now, lastPing] in $0.notePing(lastPing, at: now) }
            send(.ping(Ping(boot: boot, number: lastPing)), to: handle)
            if lastPing % limits.missedHeartbeats == 0 { remind(handle) }
        }
    }

    /// Says again what is not answered by a message of its own, in case it or its consequence was lost: a loaded node
    /// answers a welcome by ready, a drained one leaves.
    private mutating func remind(_ handle: NodeHandle) {
        switch nodes[handle]?.state {
        case .loading:
            let heartbeat = UInt32(limits.heartbeatMilliseconds)
            send(.welcome(Welcome(boot: boot, heartbeatMilliseconds: heartbeat, wantsTokenizer: false)), to: handle)
        case .draining: send(.drain(Drain(boot: boot)), to: handle)
        case .ready, nil: break
        }
    }

    mutating func takePong(_ pong: Pong, from handle: NodeHandle) {
        guard let node = nodes[handle] else { return }
        guard pong.boot == boot else {
            askToJoinAgain(node.peer)
            return
        }
        let hasAdvanced = nodes.change(handle) { [now] in $0.takePong(pong, at: now) }
        guard hasAdvanced == true else { return }
        for reading in pong.prompts.prefix(SequenceReading.most) { showReading(reading, from: handle) }
        notePasses(of: node.hello)
        for index in requests.indices where requests[index].node == handle {
            requests[index].restartSilence(at: now)
        }
    }

    /// Deals with requests whose time is over. Each is looked up anew: dealing with one may end others.
    private mutating func expireRequests() {
        let due = requests.filter { $0.deadline <= now }
        for request in due {
            guard let index = requests.index(of: request.fence, at: request.node) else { continue }
            transitions.count(.requestExpired)
            bench(request.node)
            switch request.role {
            case .drafter: abandonDraft(index)
            case .expert: expireVerification(index)
            }
        }
    }

    /// Others are preferred to this node for a while.
    mutating func bench(_ handle: NodeHandle) {
        guard let name = nodes[handle]?.name else { return }
        let end = now.advanced(milliseconds: backoff(failures: conducts[name].strikes))
        conducts.note(name, at: now) { $0.noteDelay(until: end) }
    }

    /// How long to wait after that many earlier failures in a row.
    func backoff(failures: Int) -> UInt64 {
        limits.benchMilliseconds << UInt64(min(failures, 5))
    }
}
