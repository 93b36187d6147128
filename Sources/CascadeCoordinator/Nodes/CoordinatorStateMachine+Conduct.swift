import CascadeCore
import OrderedCollections

/// Which nodes are trusted with work, and how they lose and gain that.
extension CoordinatorStateMachine {
    /// A node failed a job's request. The job asks others as long as there are some, and so does everybody where that
    /// is no exception.
    mutating func blame(_ name: String, for id: JobID, because words: String) {
        jobs.changeSequence(of: id) { $0.avoid(name) }
        let (pause, longest) = (limits.restMilliseconds, limits.longestRestMilliseconds)
        let rest = conducts.note(name, at: now) { conduct in
            conduct.noteFault(words, job: id, at: now, pause: pause, longestPause: longest)
        }
        guard let rest else { return }
        transitions.count(.nodeDistrusted)
        log(
            .warning,
            "a node is out of use",
            LogField("node", name),
            LogField("milliseconds", "\(rest)"),
            LogField("reason", words)
        )
    }

    /// A node gave a good answer.
    mutating func noteGoodAnswer(_ handle: NodeHandle) {
        guard let name = nodes[handle]?.name else { return }
        conducts.note(name, at: now) { $0.noteAnswer() }
    }

    /// For how long a node is out of use, and why; nil where it is not.
    func rest(of node: Node) -> NodeSummary.Rest? {
        let conduct = conducts[node.name]
        guard case .resting(let end) = conduct.standing(at: now) else { return nil }
        return NodeSummary.Rest(milliseconds: end.milliseconds(since: now), reason: conduct.reason)
    }

    /// Whether others are preferred to a node: it was late a moment ago, fails job after job, or says itself that its
    /// engine is stuck.
    func isShunned(_ node: Node) -> Bool {
        conducts[node.name].benchedUntil > now || node.progress.stuckMilliseconds > 0 || rest(of: node) != nil
    }

    /// Whether a node may get a job's work although others could do it, now or later: it has not failed this job, nor
    /// others before, and its engine runs. One that was out of use shows with one sequence that it is well again.
    func isTrusted(_ handle: NodeHandle, with job: JobID?) -> Bool {
        guard let node = nodes[handle], node.progress.stuckMilliseconds == 0 else { return false }
        if let job, jobs[job]?.sequence?.avoided.contains(node.name) == true { return false }
        switch conducts[node.name].standing(at: now) {
        case .good: return true
        case .resting: return false
        case .onTrial: return load(of: handle, without: job).sequences == 0
        }
    }

    /// The nodes in a state that know what a job asks for and have room for a sequence of `context` tokens, of which it
    /// may come to hold `room`, when they hold no other.
    func able(
        _ role: NodeRole,
        of submit: Submit,
        room: Int,
        context: Int,
        state: NodeState = .ready
    ) -> [NodeHandle] {
        let (pool, version) = (submit.pool, submit.samplingVersion)
        return nodes.handles { node in
            node.state == state && node.hello.role == role && node.hello.pool == pool
                && node.hello.samplingVersion >= version
                && node.hello.contextLength >= context
                && min(room, Int(node.hello.contextLength)) <= node.hello.kvTokens
        }
    }

    /// Whether a job has failed as often as it may at the experts that are ready, and one that is still loading and
    /// has not failed it will have room for it: it waits for that one, as it would where none is ready.
    func awaitsExpert(_ id: JobID) -> Bool {
        guard let sequence = jobs[id]?.sequence,
            sequence.failures >= limits.failuresPerRound || sequence.deaths.count >= limits.deathsPerRound
        else { return false }
        return hasTrustedExpert(id, in: .loading)
    }

    /// Whether an expert in a state is trusted with a job and has room for it, now or when it holds no other.
    func hasTrustedExpert(_ id: JobID, in state: NodeState = .ready) -> Bool {
        guard let job = jobs[id], let need = job.sequence?.need.most else { return false }
        return able(.expert, of: job.submit, room: need, context: need, state: state)
            .contains { isTrusted($0, with: id) }
    }

    /// The able nodes but one; where there are some that are trusted with the job, or will be, those alone.
    func candidates(
        _ role: NodeRole,
        of submit: Submit,
        room: Int,
        context: Int,
        for job: JobID?,
        without: NodeHandle? = nil
    ) -> [NodeHandle] {
        let able = able(role, of: submit, room: room, context: context).filter { $0 != without }
        let trusted = able.filter { isTrusted($0, with: job) }
        guard trusted.isEmpty else { return trusted }
        if role == .expert, let job, awaitsExpert(job) { return [] }
        return able
    }

    // MARK: Costs

    /// What a node's passes are taken to cost; nil where nobody knows. An expert that was found slow gets no work while
    /// another has room, so that nobody would ever see that it is well again: after a while it is taken at its word, by
    /// one job alone.
    ///
    /// - Parameter job: who wants to know, where it has a sequence.
    func passCosts(of handle: NodeHandle, for job: JobID? = nil) -> PassCosts? {
        guard let node = nodes[handle] else { return nil }
        guard node.hello.role == .expert, let word = node.passCosts(idleAt: now), word != node.passCosts,
            load(of: handle, without: job).sequences == 0, requests.count(at: handle) == 0
        else { return node.passCosts }
        return word
    }

    /// What a request takes by its node's own word, without corrections: reading what the node lacks, then a pass for
    /// each token to draft.
    func work(of request: Request) -> Double {
        guard let curve = nodes[request.node].flatMap({ PassCosts($0.costs) }) else { return 0 }
        return curve.most(rows: request.rows) + Double(request.count) * curve.milliseconds(rows: 1)
    }

    /// A request is about to be sent: it and all that are outstanding at its node wait for each other. Where it is sent
    /// again, the others have counted it, and only wait longer for what has become more of it.
    mutating func noteWork(of index: Int) {
        let (node, work) = (requests[index].node, work(of: requests[index]))
        let more = max(0, work - requests[index].work)
        requests[index].work = work
        requests[index].workAround = work
        for other in requests.indices where other != index && requests[other].node == node {
            requests[other].workAround += more
            requests[index].workAround += requests[other].work
        }
    }

    /// Compares how long an answer took with what its node's curve says; a curve that understates it by far is held
    /// against the node's name.
    mutating func compareCosts(_ request: Request, passes: UInt32, rows: UInt32, milliseconds: Double) {
        let hasChanged = nodes.change(request.node) { [now] node in
            node.compareCosts(request, passes: passes, rows: rows, milliseconds: milliseconds, at: now)
        }
        guard hasChanged == true, let node = nodes[request.node] else { return }
        let least = node.leastMilliseconds
        conducts.note(node.name, at: now) { $0.leastMilliseconds = least }
    }
}
