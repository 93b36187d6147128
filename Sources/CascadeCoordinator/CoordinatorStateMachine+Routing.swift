import CascadeCore
import OrderedCollections

/// Which node gets what.
extension CoordinatorStateMachine {
    /// Requests outstanding at a node.
    func inFlight(at handle: NodeHandle) -> Int {
        requests.count { $0.node == handle }
    }

    /// Whether a node may get one more request.
    func hasCredit(_ handle: NodeHandle) -> Bool {
        guard let node = nodes[handle] else { return false }
        return inFlight(at: handle) < node.credits
    }

    /// Whether others are preferred to a node: it was late a moment ago, or says itself that its engine is stuck.
    func isShunned(_ node: Node) -> Bool {
        node.benchedUntil > now || node.progress.stuckMilliseconds > 0
    }

    /// Sequences whose cache is at a node, and the tokens that they may come to hold there.
    func load(of handle: NodeHandle) -> (sequences: Int, tokens: Int) {
        guard let context = nodes[handle].map({ Int($0.hello.contextLength) }) else { return (0, 0) }
        var load = (sequences: 0, tokens: 0)
        for id in running {
            guard let sequence = jobs[id]?.sequence else { continue }
            let isThere =
                sequence.expert == handle || sequence.drafter == handle
                || requests.contains { $0.job == id && $0.node == handle }
            guard isThere else { continue }
            load.sequences += 1
            load.tokens += min(sequence.reservation, context)
        }
        return load
    }

    /// The ready node that would have the least work, among those that have room for `room` more tokens and for a
    /// sequence of `context` tokens; nil when there is none. Shunned nodes come last, those without a credit next.
    func chooseNode(
        _ role: NodeRole,
        pool: String,
        room: Int,
        context: Int,
        excluding: NodeHandle? = nil,
        mustHaveCredit: Bool = false
    ) -> NodeHandle? {
        var best: NodeHandle?
        var bestRank = (Int.max, Double.infinity)
        for (handle, node) in nodes.elements {
            guard node.hello.role == role, node.hello.pool == pool, node.state == .ready else { continue }
            guard handle != excluding, node.hello.contextLength >= context else { continue }
            let load = load(of: handle)
            guard load.tokens + min(room, Int(node.hello.contextLength)) <= node.hello.kvTokens else { continue }
            let hasCredit = hasCredit(handle)
            if mustHaveCredit, !hasCredit { continue }
            let isShunned = isShunned(node)
            // A drafter is a help, not a need: one that let a request expire is left alone.
            if role == .drafter, isShunned { continue }
            let penalty = (isShunned ? 2 : 0) + (hasCredit ? 0 : 1)
            let work = Double(load.sequences + 1) * (node.passCosts?.milliseconds(rows: 1) ?? 1)
            if (penalty, work) < bestRank {
                best = handle
                bestRank = (penalty, work)
            }
        }
        return best
    }

    /// The expert of a job's next verification: the one that holds its cache, else the best other one, to which it
    /// moves; nil when it has to wait.
    mutating func expert(for id: JobID) -> NodeHandle? {
        guard let job = jobs[id], let sequence = job.sequence else { return nil }
        if let expert = sequence.expert, nodes[expert]?.state == .ready {
            guard let faster = fasterExpert(for: job, sequence, than: expert) else { return expert }
            moveToExpert(faster, id)
            return faster
        }
        let need = sequence.reservation
        guard let other = chooseNode(.expert, pool: job.submit.pool, room: need, context: need) else { return nil }
        moveToExpert(other, id)
        return other
    }

    /// A sequence goes on at another expert. The old one forgets it, unless it is still asked.
    mutating func moveToExpert(_ expert: NodeHandle, _ id: JobID) {
        guard let old = jobs[id]?.sequence?.expert, old != expert else {
            jobs[id]?.sequence?.expert = expert
            return
        }
        transitions.count(.expertChanged)
        jobs[id]?.sequence?.expert = expert
        if !requests.contains(where: { $0.job == id && $0.node == old }) { withdraw(id, from: old) }
    }

    /// The drafter that can be asked for a job's next round: the one that holds its cache, else the best other one; nil
    /// when there is none now.
    func drafter(for job: Job, _ sequence: ActiveSequence) -> NodeHandle? {
        guard now >= sequence.draftNotBefore else { return nil }
        let context = sequence.base + 1
        if let sticky = sequence.drafter, let node = nodes[sticky], node.state == .ready, !isShunned(node),
            node.hello.contextLength >= context
        {
            return hasCredit(sticky) ? sticky : nil
        }
        return chooseNode(
            .drafter,
            pool: job.submit.pool,
            room: sequence.reservation,
            context: context,
            excluding: sequence.drafter,
            mustHaveCredit: true
        )
    }

    /// A sequence is drafted for by another drafter. The old one forgets it.
    mutating func moveToDrafter(_ drafter: NodeHandle, _ id: JobID) {
        if let old = jobs[id]?.sequence?.drafter, old != drafter {
            transitions.count(.drafterChanged)
            withdraw(id, from: old)
        }
        jobs[id]?.sequence?.drafter = drafter
    }
}
