import CascadeCore
import OrderedCollections

/// What people and programs may ask.
extension CoordinatorStateMachine {
    mutating func answer(_ request: StatusRequest, to peer: PeerID, _ principal: Principal) {
        guard let id = request.job else {
            send(.clusterStatus(clusterStatus(requestID: request.requestID, for: principal)), to: peer)
            return
        }
        let running = jobs[id].map { summary(of: $0, for: principal) }
        guard state(of: id, for: principal) != nil,
            let summary = running ?? finished[id].map({ summary(of: $0, for: principal) })
        else {
            refuseUnknown(id, peer, requestID: request.requestID)
            return
        }
        send(.jobList(JobList(requestID: request.requestID, jobs: [summary])), to: peer)
    }

    mutating func answer(_ request: JobsRequest, to peer: PeerID, _ principal: Principal) {
        let limit = min(Int(request.limit), limits.listedJobs)
        let running = jobs.values.reversed().lazy.filter { request.scope.contains($0.owner, for: principal) }
        var summaries = running.prefix(limit).map { summary(of: $0, for: principal) } as [JobSummary]
        let ended = finished.jobs.values.reversed().lazy.filter { request.scope.contains($0.owner, for: principal) }
        summaries += ended.prefix(limit - summaries.count).map { summary(of: $0, for: principal) } as [JobSummary]
        for index in summaries.indices {
            summaries[index].note = summaries[index].note.beginning(scalars: JobSummary.listedNoteLength)
        }
        send(.jobList(JobList(requestID: request.requestID, jobs: summaries)), to: peer)
    }

    mutating func answer(_ request: NodesRequest, to peer: PeerID, _ principal: Principal) {
        let summaries = nodes.elements.map { summary(of: $0.value, $0.key, for: principal) }.sorted {
            ($0.role.rawValue, $0.identity.name) < ($1.role.rawValue, $1.identity.name)
        }
        send(.nodeList(NodeList(requestID: request.requestID, nodes: summaries)), to: peer)
    }

    private func clusterStatus(requestID: UInt64, for principal: Principal) -> ClusterStatus {
        func ready(_ role: NodeRole) -> UInt32 {
            UInt32(clamping: nodes.values.count { $0.hello.role == role && $0.state == .ready })
        }
        return ClusterStatus(
            requestID: requestID,
            boot: boot,
            software: software,
            uptimeMilliseconds: now.milliseconds(since: startedAt),
            queuedJobs: UInt32(clamping: jobs.queuedCount),
            runningJobs: UInt32(clamping: jobs.running.count),
            finishedJobs: finishedCount,
            drafters: ready(.drafter),
            experts: ready(.expert),
            staleMessages: transitions[.replyStale],
            counts: totals,
            stall: stall,
            owners: owners(for: principal),
            preemptions: transitions[.sequencePreempted],
            suspectedJobs: UInt32(clamping: jobs.suspectCount),
            setAsideJobs: UInt32(clamping: finished.setAsideCount),
            defaultRule: limits.rules.defaultSettings,
            rules: totalsByRule.map { ClusterStatus.RuleCounts(rule: $0.key, counts: $0.value) },
            promptTokens: promptTokens,
            endedJobs: endedJobs
        )
    }

    private var endedJobs: [ClusterStatus.EndedJobs] {
        FinishReason.allCases.map { ClusterStatus.EndedJobs(reason: $0, jobs: transitions[$0.transition]) }
    }

    mutating func addTotals(_ counts: SpeculationCounts, of rule: RuleSettings.Rule) {
        totalsByRule[rule, default: SpeculationCounts()].add(counts)
    }

    /// Those that somebody may see, those with jobs first, and of them those who had most.
    private func owners(for principal: Principal) -> [OwnerStatus] {
        let seen = jobs.owners.elements.filter { name, _ in
            !name.isEmpty && principal.maySee(JobOwner(name: name, key: ""))
        }
        let sorted = seen.sorted { first, second in
            (first.value.jobs > 0 ? 1 : 0, first.value.usage.tokens)
                > (second.value.jobs > 0 ? 1 : 0, second.value.usage.tokens)
        }
        return sorted.prefix(OwnerStatus.most).map { name, owner in
            OwnerStatus(
                name: name,
                weight: UInt32(clamping: owner.limits.weight),
                queuedJobs: UInt32(clamping: owner.jobs - owner.running),
                runningJobs: UInt32(clamping: owner.running),
                usage: owner.usage
            )
        }
    }

    private func summary(of job: Job, for principal: Principal) -> JobSummary {
        JobSummary(
            job: job.id,
            state: job.state,
            reason: nil,
            note: note(of: job),
            pool: job.submit.pool,
            promptTokens: UInt32(clamping: job.promptLength),
            completionTokens: UInt32(clamping: job.answer.tokens.count),
            ageMilliseconds: job.age(at: now),
            promptBeginning: principal.owns(job.owner) ? JobSummary.beginning(of: job.submit.request) : "",
            owner: job.owner.name
        )
    }

    private func summary(of job: FinishedJob, for principal: Principal) -> JobSummary {
        JobSummary(
            job: job.report.job,
            state: .finished,
            reason: job.report.reason,
            note: job.report.error?.message ?? "",
            pool: job.submit.pool,
            promptTokens: job.report.promptTokens,
            completionTokens: UInt32(clamping: job.report.tokens.count),
            ageMilliseconds: job.earlierMilliseconds + now.milliseconds(since: job.acceptedAt),
            promptBeginning: principal.owns(job.owner) ? JobSummary.beginning(of: job.submit.request) : "",
            owner: job.owner.name
        )
    }

    func summary(of node: Node, _ handle: NodeHandle, for principal: Principal) -> NodeSummary {
        NodeSummary(
            identity: node.hello.identity,
            role: node.hello.role,
            pool: node.hello.pool,
            modelName: node.hello.modelName,
            state: node.state,
            inFlight: UInt32(clamping: requests.count(at: handle)),
            credits: UInt32(clamping: node.credits),
            progress: node.progress,
            kvTokens: node.hello.kvTokens,
            contextLength: node.hello.contextLength,
            costs: node.costs,
            software: node.hello.software,
            silentMilliseconds: now.milliseconds(since: node.lastHeard),
            busyFraction: node.usage.busy,
            cpuFraction: node.usage.cores,
            host: node.hello.host,
            isSynthetic: node.hello.isSynthetic,
            rest: rest(of: node),
            shares: shares(of: node, handle, for: principal)
        )
    }

    /// What the owners that somebody may see have of a node's cache.
    private func shares(of node: Node, _ handle: NodeHandle, for principal: Principal) -> [NodeSummary.Share] {
        var shares: OrderedDictionary<String, NodeSummary.Share> = [:]
        for (id, placement) in placements where placement.expert == handle || placement.drafter == handle {
            guard let owner = jobs.read(id, { $0.owner }), !owner.name.isEmpty, principal.maySee(owner) else {
                continue
            }
            let none = NodeSummary.Share(owner: owner.name, sequences: 0, tokens: 0)
            shares[owner.name, default: none].sequences += 1
            shares[owner.name, default: none].tokens += UInt32(clamping: node.pages.tokens(for: placement.need.now))
        }
        let sorted = shares.values.sorted { ($1.tokens, $0.owner) < ($0.tokens, $1.owner) }
        return Array(sorted.prefix(NodeSummary.Share.most))
    }
}
