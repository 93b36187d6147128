import CascadeCore
import OrderedCollections

/// Which node gets what.
extension CoordinatorStateMachine {
    /// Whether a node may get one more request.
    func hasCredit(_ handle: NodeHandle) -> Bool {
        guard let credits = nodes.read(handle, { $0.credits }) else { return false }
        return requests.count(at: handle) < credits
    }

    /// The candidate that would have the least work, among those that have room now; nil when there is none. Where all
    /// have failed the job, those come first with which that is longest ago. Shunned nodes come last, those without a
    /// credit next.
    ///
    /// - Parameters:
    ///   - submit: the job as it was submitted: its pool, and what a node has to know of its settings.
    ///   - context: tokens of one sequence that it has to be able to hold; those that the sequence may come to hold by
    ///     default.
    ///   - excluding: not this one: it has the work already. As long as it is trusted, none that is not will do.
    ///   - isLost: the one that has the work is given up: any other will do.
    func chooseNode(
        _ role: NodeRole,
        of submit: Submit,
        need: CacheNeed,
        context: Int? = nil,
        for job: JobID? = nil,
        excluding: NodeHandle? = nil,
        isLost: Bool = false,
        mustHaveCredit: Bool = false
    ) -> NodeHandle? {
        let without = isLost ? excluding : nil
        let candidates = candidates(
            role,
            of: submit,
            room: need.most,
            context: context ?? need.most,
            for: job,
            without: without
        )
        // Who does not say what a pass costs is no faster than the others.
        let slowest = candidates.compactMap { passCosts(of: $0, for: job)?.milliseconds(rows: 1) }.max() ?? 1
        let avoided = job.flatMap { jobs[$0]?.sequence?.avoided } ?? []
        let placements = placements
        var best: NodeHandle?
        var bestRank = (Int.max, Int.max, Double.infinity)
        for handle in candidates where handle != excluding {
            guard let node = nodes[handle] else { continue }
            let load = load(of: handle, in: placements)
            guard hasRoom(for: need, beside: load, at: node) else { continue }
            let hasCredit = hasCredit(handle)
            if mustHaveCredit, !hasCredit { continue }
            let isShunned = isShunned(node)
            // A drafter is a help, not a need: one that let a request expire is left alone.
            if role == .drafter, isShunned { continue }
            let failed = avoided.firstIndex(of: node.name).map { $0 + 1 } ?? 0
            let penalty = (isShunned ? 2 : 0) + (hasCredit ? 0 : 1)
            let work = Double(load.sequences + 1) * (passCosts(of: handle, for: job)?.milliseconds(rows: 1) ?? slowest)
            if (failed, penalty, work) < bestRank {
                best = handle
                bestRank = (failed, penalty, work)
            }
        }
        return best
    }

    /// The expert of a job's next verification: the one that holds its cache, else the best other one, to which it
    /// moves; nil when it has to wait.
    mutating func expert(for id: JobID) -> NodeHandle? {
        guard let job = jobs[id], let sequence = job.sequence else { return nil }
        if let expert = sequence.expert, nodes.read(expert, { $0.state }) == .ready,
            isTrusted(expert, with: id) || !hasOther(than: expert, .expert, for: id) && !awaitsExpert(id)
        {
            guard let faster = fasterExpert(for: job, sequence, than: expert) else { return expert }
            moveToExpert(faster, id)
            return faster
        }
        guard let other = chooseNode(.expert, of: job.submit, need: sequence.need, for: id) else { return nil }
        moveToExpert(other, id)
        return other
    }

    /// A sequence goes on at another expert. The old one forgets it, unless it is still asked.
    mutating func moveToExpert(_ expert: NodeHandle, _ id: JobID) {
        let old = jobs[id]?.sequence?.expert
        jobs.changeSequence(of: id) { $0.move(toExpert: expert) }
        guard let old, old != expert else { return }
        transitions.count(.expertChanged)
        if !requests.isAsked(old, for: id) { withdraw(id, from: old) }
    }

    /// The drafter that can be asked for a job's next round, for at most `limit` tokens: the one that holds its cache,
    /// else the best other one; nil when there is none now.
    func drafter(for job: Job, _ sequence: ActiveSequence, limit: Int) -> NodeHandle? {
        guard now >= sequence.draftNotBefore, let drafter = suitableDrafter(for: job, sequence),
            hasRoom(forDraftUpTo: sequence.base + limit, at: drafter)
        else { return nil }
        return drafter
    }

    private func suitableDrafter(for job: Job, _ sequence: ActiveSequence) -> NodeHandle? {
        let context = sequence.base + 1
        if let sticky = sequence.drafter, let node = nodes[sticky], node.state == .ready, !isShunned(node),
            node.hello.contextLength >= context,
            isTrusted(sticky, with: job.id) || !hasOther(than: sticky, .drafter, for: job.id)
        {
            return hasCredit(sticky) ? sticky : nil
        }
        return chooseNode(
            .drafter,
            of: job.submit,
            need: sequence.need,
            context: context,
            for: job.id,
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
        jobs.changeSequence(of: id) { $0.move(toDrafter: drafter) }
    }
}
